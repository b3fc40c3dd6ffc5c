/**
 * A receipt as a link that holds all of it behind `#`, which no browser sends, and as the picture of that link.
 */

import { encodeQR } from "qr";

import { receiptCbor } from "../verifier/receipt.js";

/** @typedef {import("../verifier/receipt.js").Receipt} Receipt */

// What a QR code of the largest kind holds with the least redundancy (ISO/IEC 18004).
export const MOST_BYTES = 2_953;

/**
 * The link that brings a receipt to the page.
 * @param {Receipt} receipt
 * @param {string} page its address.
 * @returns {string | null} null where the page is a file of this device, or the link would not fit into a QR code.
 */
export function linkOf(receipt, page) {
  const address = page.split("#")[0];
  const form = /^https?:/.test(address) ? receiptCbor(receipt) : null;
  if (!form) return null;
  const text = btoa(String.fromCharCode(...form)).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
  const link = `${address}#${text}`;
  return link.length > MOST_BYTES ? null : link;
}

/**
 * A QR code as the path of a picture, each of its squares of the size 1.
 * @param {string} text
 * @returns {{size: number, path: string}}
 */
export function codeOf(text) {
  const rows = encodeQR(text, "raw", { ecc: text.length > MOST_BYTES / 2 ? "low" : "medium", border: 4 });
  const path = rows.flatMap((row, y) => row.flatMap((isDark, x) => (isDark ? [`M${x} ${y}h1v1h-1z`] : []))).join("");
  return { size: rows.length, path };
}
