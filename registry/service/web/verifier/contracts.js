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
 * @property {Code} code of the registry.
 * @property {AccreditationSlots} accreditationSlots
 * @property {{address: string, code: Code} | null} accreditations the contract that has them beside the
 *   registry at its usual address; null where the registry has them in it.
 *
 * @typedef {object} Code
 * @property {string} state of Keccak before the rest.
 * @property {string} rest
 * @property {Record<string, number[]>} immutables where in the rest each of them is.
 *
 * @typedef {Readonly<Record<string, readonly number[]>>} Places of each member of a structure how many
 *   slots after its own, the first bit from the right, and how many bits.
 *
 * @typedef {object} AccreditationSlots
 * @property {number} count
 * @property {number} records
 * @property {Places} terms
 * @property {Places} scope
 * @property {Places} change
 * @property {number} history how many slots after a record's own the length of the list is.
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
    },
    "accreditationSlots": {
      "count": 2,
      "records": 3,
      "terms": {
        "body": [
          0,
          0,
          64
        ],
        "holder": [
          0,
          64,
          64
        ],
        "validFrom": [
          0,
          128,
          48
        ],
        "validUntil": [
          0,
          176,
          48
        ],
        "kind": [
          0,
          224,
          8
        ],
        "conditionHash": [
          3,
          0,
          256
        ],
        "evidenceHash": [
          4,
          0,
          256
        ]
      },
      "scope": {
        "field": [
          1,
          0,
          16
        ],
        "fieldDigits": [
          1,
          16,
          8
        ],
        "levelMin": [
          1,
          24,
          8
        ],
        "levelMax": [
          1,
          32,
          8
        ],
        "qualificationTypes": [
          1,
          40,
          32
        ],
        "jurisdiction": [
          1,
          72,
          16
        ],
        "programme": [
          2,
          0,
          256
        ]
      },
      "change": {
        "recordedAt": [
          0,
          0,
          48
        ],
        "effectiveFrom": [
          0,
          48,
          48
        ],
        "state": [
          0,
          96,
          8
        ],
        "reason": [
          0,
          104,
          8
        ]
      },
      "history": 6
    },
    "accreditations": {
      "address": "0x3402d32673880FDE3CD1e869eD96721289f388f1",
      "code": {
        "state": "PUO8+RMIrgXp3ofx2AkQm5w7jcRAzo1eXsL6EN0ACsVrcSk+nnH0CJG6+joX8Uotosy7Xh3JhhdN3KglsYoOdhldqmqb2wLoJHmKTHzCdW7kg0+uc4BmKQnMaezKcCEPoDUtAwrnDGudoZR6ndbXcXkja624RW9sjYwhXkA1ngTORNaCOUS7Oi8BaWDDdjOtWiQbdITXjarLkKty5Pp8j8g7+HvuWFe6xlrP5hcPDNCd5A4B5NrLyOxYpCOLozB+oGM1PiIH8xY=",
        "rest": "LcVXZf///////5FfkWE/g1dbUBaQgWE/VVdQUFZbf++KQMwAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAX1JgBFJgJFJgRF/9W2E/nJFQYEA9YEARYS2+V2EtrYGDYSH7VluQUF9hP0lWW3P//////////////////////////38AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAABYwFIBhQJ5XWxVhQAxXfwAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAkFZbYEBRYCCBAZB/i3PDxpu4/j1RLsxM91nMeSOfexebD/rKqaddUis5QA+CUn9l0KE15r9EP5VvvSrdVTB5bfBsAs4sSANiE1CQ2Y2hnGBAggFSf618W+8CeBaoANoXNkRPtYqAfvTJYDt4SGc/fjpo6xSlYGCCAVJGYICCAVIwYKCCAVJgoIFSYSwYYMCCYSH7VltQfwAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAARhRhP+NWW5BgQYMDYUDxV2FA6pJQYCCBATWRYECCNZIBNV8akGFBCFZbkZKQkZBWW1BQX5FgApGQVluRkIIBgJIRYRJMV1ZbkZB/f////////////////////11XbnNXpFAd3+kvRmgbIKCEEWFBjFeRYCCTYICSYP9flWBAUZSFUhaGhAFSYECDAVJgYIIBUoKAUmABWvoVYS3FV19Rc///////////////////////////gRYVYUGCV5BfkF+QVltQX5BgAZBfkFZbUFBQX5FgA5GQVg==",
        "immutables": {
          "_cachedThis": [
            131
          ],
          "_cachedDomainSeparator": [
            178
          ],
          "_cachedChainId": [
            361
          ]
        }
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
    },
    "accreditationSlots": {
      "count": 7,
      "records": 8,
      "terms": {
        "body": [
          0,
          0,
          64
        ],
        "holder": [
          0,
          64,
          64
        ],
        "validFrom": [
          0,
          128,
          48
        ],
        "validUntil": [
          0,
          176,
          48
        ],
        "kind": [
          0,
          224,
          8
        ],
        "evidenceHash": [
          2,
          0,
          256
        ]
      },
      "scope": {
        "field": [
          1,
          0,
          16
        ],
        "fieldDigits": [
          1,
          16,
          8
        ],
        "levelMin": [
          1,
          24,
          8
        ],
        "levelMax": [
          1,
          32,
          8
        ],
        "qualificationTypes": [
          1,
          40,
          32
        ],
        "jurisdiction": [
          1,
          72,
          16
        ]
      },
      "change": {
        "recordedAt": [
          0,
          0,
          48
        ],
        "effectiveFrom": [
          0,
          48,
          48
        ],
        "state": [
          0,
          96,
          8
        ],
        "reason": [
          0,
          104,
          8
        ]
      },
      "history": 4
    },
    "accreditations": null
  }
];
