/**
 * Public keys as `did:key` writes them, and whether a signature is of one: Ed25519, P-256 and P-384.
 *
 * Controlled Identifiers 1.0, section 2.2.2; compressed points by SEC 1, section 2.3.4, which browsers do not read.
 */

import { concat, ofBigInt, toBigInt } from "./bytes.js";
import { isSignedBy } from "./ed25519.js";
import { fromBase58 } from "./multibase.js";
import { modulo, power } from "./secp256k1.js";

/**
 * @typedef {import("./bytes.js").Bytes} Bytes
 *
 * @typedef {object} Curve that is not Ed25519: y² = x³ - 3 x + b.
 * @property {string} name
 * @property {number} width bytes of a coordinate.
 * @property {bigint} field
 * @property {bigint} b
 *
 * @typedef {object} PublicKey
 * @property {"SHA-256" | "SHA-384"} hash that Data Integrity takes with it.
 * @property {boolean} isEdwards whether it is an Ed25519 key.
 * @property {(signature: Uint8Array, message: Uint8Array) => Promise<boolean>} holds whether a signature over a message is its own.
 */

/** @type {readonly (readonly [number, number, Curve | null])[]} the multicodec of each kind. */
const KINDS = [
  [0xed, 0x01, null],
  [
    0x80,
    0x24,
    {
      name: "P-256",
      width: 32,
      field: 2n ** 256n - 2n ** 224n + 2n ** 192n + 2n ** 96n - 1n,
      b: 0x5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604bn,
    },
  ],
  [
    0x81,
    0x24,
    {
      name: "P-384",
      width: 48,
      field: 2n ** 384n - 2n ** 128n - 2n ** 96n + 2n ** 32n - 1n,
      b: 0xb3312fa7e23ee7e4988e056be3f82d19181d9c6efe8141120314088f5013875ac656398d8a2ed19d2a85c8edd3ec2aefn,
    },
  ],
];

// Points of Ed25519 of an order up to 8, by y: with one of these for a key anybody signs (RFC 8032 section 5.1).
const EDWARDS_FIELD = 2n ** 255n - 19n;
const OF_ORDER_8 = 0x05fc536d880238b13933c6d305acdfd5f098eff289f4c345b027b2c28f95e826n;
const SMALL = [0n, 1n, EDWARDS_FIELD - 1n, OF_ORDER_8, EDWARDS_FIELD - OF_ORDER_8];

/**
 * The key of a `publicKeyMultibase`; null where it is none of these.
 * @param {string} multikey
 * @returns {PublicKey | null}
 */
export function publicKey(multikey) {
  const data = fromBase58(multikey);
  const kind = KINDS.find(([first, second]) => data?.[0] === first && data[1] === second);
  if (!data || !kind) return null;
  const key = data.subarray(2);
  const curve = kind[2];
  if (!curve) return key.length === 32 && !isSmall(key) ? { hash: "SHA-256", isEdwards: true, holds: (signature, message) => isSigned(key, signature, message) } : null;
  const point = uncompressed(key, curve);
  const hash = curve.width === 48 ? "SHA-384" : "SHA-256";
  return point && { hash, isEdwards: false, holds: (signature, message) => isSignedOn(curve, hash, point, signature, message) };
}

/** @param {Uint8Array} key */
function isSmall(key) {
  return SMALL.includes((toBigInt(key.slice().reverse()) % 2n ** 255n) % EDWARDS_FIELD);
}

/**
 * @param {Uint8Array} key
 * @param {Uint8Array} signature
 * @param {Uint8Array} message
 */
async function isSigned(key, signature, message) {
  return signature.length === 64 && isSignedBy(key, signature, message);
}

/**
 * @param {Curve} curve
 * @param {string} hash
 * @param {Bytes} point
 * @param {Uint8Array} signature r and s.
 * @param {Uint8Array} message
 */
async function isSignedOn({ name, width }, hash, point, signature, message) {
  if (signature.length !== 2 * width) return false;
  const key = await crypto.subtle.importKey("raw", point, { name: "ECDSA", namedCurve: name }, false, ["verify"]);
  return crypto.subtle.verify({ name: "ECDSA", hash }, key, /** @type {Bytes} */ (signature), /** @type {Bytes} */ (message));
}

/**
 * A point with both coordinates; null where it is not on the curve.
 * @param {Uint8Array} key
 * @param {Curve} curve
 * @returns {Bytes | null}
 */
function uncompressed(key, { width, field, b }) {
  if (key.length !== width + 1 || (key[0] !== 2 && key[0] !== 3)) return null;
  const x = toBigInt(key.subarray(1));
  const square = modulo(x * x * x - 3n * x + b, field);
  const root = power(square, (field + 1n) / 4n, field);
  if (x >= field || modulo(root * root, field) !== square) return null;
  const y = (root & 1n) === BigInt(key[0] & 1) ? root : field - root;
  return concat(Uint8Array.of(4), ofBigInt(x, width), ofBigInt(y, width));
}
