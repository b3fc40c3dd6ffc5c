/**
 * Whose signature it is, on the curve secp256k1: public values alone, so nothing here has to take the same time always.
 */

import { concat, ofBigInt, toBigInt } from "./bytes.js";
import { keccak } from "./keccak.js";

/** @typedef {readonly [bigint, bigint, bigint]} Point in Jacobian coordinates: x / z², y / z³; z is 0 at infinity. */

const FIELD = 2n ** 256n - 2n ** 32n - 977n;
const ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
/** @type {Point} */
const BASE = [
  0x79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798n,
  0x483ada7726a3c4655da4fbfc0e1108a8fd17b448a68554199c47d08ffb10d4b8n,
  1n,
];
/** @type {Point} */
const INFINITY = [0n, 1n, 0n];

/**
 * The address, 20 bytes, of whoever signed a hash; null where nobody can have (SEC 1, section 4.1.6).
 * @param {Uint8Array} seal r and s, 32 bytes each, within the order of the curve, and the parity of the point's y.
 * @param {Uint8Array} hash 32 bytes.
 */
export function signerOf(seal, hash) {
  const x = toBigInt(seal.subarray(0, 32));
  const s = toBigInt(seal.subarray(32, 64));
  const square = modulo(x * x * x + 7n, FIELD);
  const root = power(square, (FIELD + 1n) / 4n, FIELD);
  if (modulo(root * root, FIELD) !== square) return null;
  const y = root & 1n ? (seal[64] ? root : FIELD - root) : seal[64] ? FIELD - root : root;
  // Q = (s R - e G) / r
  const inverse = power(x, ORDER - 2n, ORDER);
  const ofBase = multiplied(BASE, modulo(-toBigInt(hash) * inverse, ORDER));
  const [keyX, keyY, keyZ] = added(multiplied([x, y, 1n], modulo(s * inverse, ORDER)), ofBase);
  if (!keyZ) return null;
  const overZ = power(keyZ, FIELD - 2n, FIELD);
  const squared = modulo(overZ * overZ, FIELD);
  const point = concat(ofBigInt(modulo(keyX * squared, FIELD)), ofBigInt(modulo(keyY * squared * overZ, FIELD)));
  return keccak(point).slice(12);
}

/**
 * @param {bigint} number
 * @param {bigint} by
 */
export function modulo(number, by) {
  const rest = number % by;
  return rest < 0n ? rest + by : rest;
}

/**
 * @param {bigint} base
 * @param {bigint} exponent
 * @param {bigint} by
 */
export function power(base, exponent, by) {
  let result = 1n;
  for (let bits = exponent, square = modulo(base, by); bits; bits >>= 1n) {
    if (bits & 1n) result = modulo(result * square, by);
    square = modulo(square * square, by);
  }
  return result;
}

/**
 * @param {Point} point
 * @param {bigint} times
 */
function multiplied(point, times) {
  let result = INFINITY;
  for (let bits = times, double = point; bits; bits >>= 1n) {
    if (bits & 1n) result = added(result, double);
    double = doubled(double);
  }
  return result;
}

/**
 * @param {Point} point
 * @returns {Point}
 */
function doubled([x, y, z]) {
  if (!y || !z) return INFINITY;
  const ySquare = modulo(y * y, FIELD);
  const s = modulo(4n * x * ySquare, FIELD);
  const m = modulo(3n * x * x, FIELD);
  const newX = modulo(m * m - 2n * s, FIELD);
  return [newX, modulo(m * (s - newX) - 8n * ySquare * ySquare, FIELD), modulo(2n * y * z, FIELD)];
}

/**
 * @param {Point} one
 * @param {Point} other
 * @returns {Point}
 */
function added(one, other) {
  const [x1, y1, z1] = one;
  const [x2, y2, z2] = other;
  if (!z1) return other;
  if (!z2) return one;
  const z1Square = modulo(z1 * z1, FIELD);
  const z2Square = modulo(z2 * z2, FIELD);
  const u1 = modulo(x1 * z2Square, FIELD);
  const s1 = modulo(y1 * z2Square * z2, FIELD);
  const h = modulo(x2 * z1Square - u1, FIELD);
  const r = modulo(y2 * z1Square * z1 - s1, FIELD);
  if (!h) return r ? INFINITY : doubled(one);
  const hSquare = modulo(h * h, FIELD);
  const v = modulo(u1 * hSquare, FIELD);
  const x = modulo(r * r - hSquare * h - 2n * v, FIELD);
  return [x, modulo(r * (v - x) - s1 * hSquare * h, FIELD), modulo(z1 * z2 * h, FIELD)];
}
