// Written by scripts/build_verifier.py; `--check` says whether it is as the program has it.

/** The name in what is signed for a registry by EIP-712. */
export const DOMAIN_NAME = "Testamur";

/** Why a status changed, by the contract's numbers. */
export const REASONS = ["unspecified", "issued-in-error", "obtained-by-fraud", "superseded", "requirements-not-met", "holder-request", "key-compromise", "under-review", "resolved"];

/**
 * @typedef {object} Edition
 * @property {number} number
 * @property {string} address of its registry where it was deployed as usual, checksummed.
 * @property {{parties: number, batches: number, statuses: number, digests: number | null}} slots of its
 *   variables; `statuses` is how many slots after a batch its status words are.
 * @property {{state: string, rest: string, immutables: Record<string, number[]>}} code of the registry: the
 *   state of Keccak before the rest of it, the rest, and where in that each immutable is.
 */

/** @type {readonly Edition[]} the newest first. */
export const EDITIONS = [
  {
    "number": 2,
    "address": "0xfbE41d3c31f5Ea53b3f2b1c26072E60CdFd4c377",
    "slots": {
      "parties": 1,
      "batches": 5,
      "statuses": 1,
      "digests": 7
    },
    "code": {
      "state": "ovT/nXAuHyckeYQcTPU/iKRbo2uwqKHTW30dastlPfQQgBosQWK81bWNWm0vaiF3SCXvIHbFT50BDLVCINe7cMIwZytJzwZVEdLW4d9O8jaXdqTOCZMnl4UMK22VJeKpF57ZUEi6I/zSMVA14/YCCp59QvVxk/SYSWrrTdovxQRR0LtOdKbOpSgrsZ9B5NqXAXZcHTNlHGwlY7C76kJphE2J+9WpFKrbFF+Lnrgv4pNjzJvU/+r9PQ/0xIm6nPzSchY2itpTUog=",
      "rest": "AACEYCAbFmP/////ixYXFxeQVWBAUZSFlBaWhJFgQJGUk2P/////c///////////////////////////koFgYIcBmBaGUhZgIIUBUhaRAVJWWwOQo1Zbc///////////////////////////fwAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAFjAUgGE/fldbFWE+5ld/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAACQVltgQFFgIIEBkH+Lc8PGm7j+PVEuzEz3Wcx5I597F5sP+sqpp11SKzlAD4JSf2XQoTXmv0Q/lW+9Kt1VMHlt8GwCzixIA2ITUJDZjaGcYECCAVJ/rXxb7wJ4FqgA2hc2RE+1ioB+9MlgO3hIZz9+OmjrFKVgYIIBUkZggIIBUjBgoIIBUmCggVJhP3hgwIJhLslWW1GQIJBWW1B/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAABGFGE+vVZbkGBBgwNhP9FXYT/KklBgIIEBNZFgQII1kgE1XxqQYUJ0VluRkpCRkFZbUFBfkWACkZBWW2ABAVRgoBxl////////FhVhP/JXUFZbZ///////////kH9S15QFAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAF9SFmAEUmAkX/1bgFSCEBVhLxpXX1JgIF8gAZBfkFZbkGABggGRgV9SgmAgUmBAXyBUgBUVXxRhQcNXf///////////////////////////////////////////gQGBgRFhDp1XglSQf///////////////////////////////////////////ggGRghFhDp1XgYEDYUFZV1tQUFCAVIAVYUEsV3///////////////////////////////////////////wGQYUDvgoJhQChWW3///////////////////////////////////////////4JUkWADGxsZFpBVVV9SYCBSX2BAgSBVYAGQVlt/Tkh7cQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAABfUmAxYARSYCRf/VthQa5hQWlhQXmThmFAKFZbkFSQYAMbHJKDkoZhQChWW4GTkVSQf///////////////////////////////////////////kGADG5KDG5IbGRYXkFZbkFVfUoNgIFJgQF8gVV+AgGFAt1ZbUFBQUF+QVltfgoFSYAGCAWAgUmBAkCBUYTp/V4BUkGgBAAAAAAAAAACCEBVhDnBXgmFCCGFBeYRgAYCWAYVVhGFAKFZbkFWAVJJfUgFgIFJgQF8gVWABkFZbYP+BFpBgH4IRYUJMV2BAUZFhQjlgQIRhLslWW2AggIRSg4EBkZA2gzeDUlKQVlt/s1ErDAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAABfUmAEX/1bkZB/f////////////////////11XbnNXpFAd3+kvRmgbIKCEEWFDA1eRYCCTYICSYP9flWBAUZSFUhaGhAFSYECDAVJgYIIBUoKAUmABWvoVYUL4V19Rc///////////////////////////gRYVYULuV5BfkF+QVltQX5BgAZBfkFZbYEBRPV+CPj2Q/VtQUFBfkWADkZBW",
      "immutables": {
        "_cachedThis": [
          109
        ],
        "_cachedDomainSeparator": [
          156
        ],
        "_cachedChainId": [
          345
        ]
      }
    }
  },
  {
    "number": 1,
    "address": "0x0fc67A942AC0E2beb68969a1F782DCF011D3792b",
    "slots": {
      "parties": 1,
      "batches": 5,
      "statuses": 1,
      "digests": null
    },
    "code": {
      "state": "e5zmMCoqpCztnTvNN0Y2QpHGDkVu3anSKXpM/ANi0PiWo36mGgLPbiZqgiBWGSgidldFo4Iol5kAdPTO2SDIzBUmJTBAgkx3Vq+udqXeuJYjdyjq0byzS8G7lwxVc6vQJ11PmIEx73iv+7sjQE4Ka0s/tB98tWE7am7pXRE3rRMAa7XijPValqC+MI2cWXFnxnjuyDAATHLd1HJ5/+e8xtkqhO5DYsBtKCzjAlo2bJsgz2oiyfoUo+PK9akz/BBNw6LXmGXUYl8=",
      "rest": "/////wAAAACEYCAbFmP/////ixYXFxeQVWBAUZSFlBaWhJFgQJGUk2P/////c///////////////////////////koFgYIcBmBaGUhZgIIUBUhaRAVJWWwOQo1Zbc///////////////////////////fwAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAFjAUgGFctldbFWFcJFd/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAACQVltgQFFgIIEBkH+Lc8PGm7j+PVEuzEz3Wcx5I597F5sP+sqpp11SKzlAD4JSf2XQoTXmv0Q/lW+9Kt1VMHlt8GwCzixIA2ITUJDZjaGcYECCAVJ/yJ79qlTA8gx632Eogt8JUPWpUWN+AwfNy0xnLymLi8ZgYIIBUkZggIIBUjBgoIIBUmCggVJhUxpgwIJhO0hWW1B/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAABGFGFb+1ZbkGBBgwNhXQlXYV0CklBgIIEBNZFgQII1kgE1XxqQYV23VluRkpCRkFZbUFBfkWACkZBWW2ABAVRgoBxl////////FhVhXSpXUFZbZ///////////kH9S15QFAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAF9SFmAEUmAkX/1bYP+BFpBgH4IRYV2PV2BAUZFhXXxgQIRhO0hWW2AggIRSg4EBkZA2gzeDUlKQVlt/s1ErDAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAABfUmAEX/1bkZB/f////////////////////11XbnNXpFAd3+kvRmgbIKCEEWFeRleRYCCTYICSYP9flWBAUZSFUhaGhAFSYECDAVJgYIIBUoKAUmABWvoVYV47V19Rc///////////////////////////gRYVYV4xV5BfkF+QVltQX5BgAZBfkFZbYEBRPV+CPj2Q/VtQUFBfkWADkZBW",
      "immutables": {
        "_cachedThis": [
          115
        ],
        "_cachedDomainSeparator": [
          162
        ],
        "_cachedChainId": [
          345
        ]
      }
    }
  }
];
