/**
 * Ed25519: by the browser where it has it, else by `@noble/curves`, which is loaded then and not before.
 */

/** @typedef {import("./bytes.js").Bytes} Bytes */

/**
 * Whether a signature over a message is of a key.
 * @param {Uint8Array} key 32 bytes.
 * @param {Uint8Array} signature 64 bytes.
 * @param {Uint8Array} message
 */
export async function isSignedBy(key, signature, message) {
  let imported;
  try {
    imported = await crypto.subtle.importKey("raw", /** @type {Bytes} */ (key), "Ed25519", false, ["verify"]);
  } catch (error) {
    // Any other refusal is of the key.
    if (!(error instanceof DOMException) || error.name !== "NotSupportedError") return false;
    const { ed25519 } = await import("@noble/curves/ed25519.js");
    return ed25519.verify(signature, message, key, { zip215: false });
  }
  return crypto.subtle.verify("Ed25519", imported, /** @type {Bytes} */ (signature), /** @type {Bytes} */ (message));
}
