/**
 * The digest of a credential, by one of a closed set of methods (`docs/reference/digest.md`).
 */

import { hex, sha256, unhex, utf8 } from "./bytes.js";
import { canonicalize } from "./jcs.js";
import { Refusal } from "./refusal.js";
import { latin1 } from "./lenientjson.js";
import { DEFAULT_LIMITS, Members, parseJson } from "./strictjson.js";
import { ASCII_SPACE, strip } from "./text.js";

/**
 * @typedef {import("./strictjson.js").Value} Value
 * @typedef {import("./strictjson.js").Limits} Limits
 * @typedef {"vc-jcs" | "json-jcs" | "file" | "vc-rdfc" | "given" | "sd-jwt"} DigestMethod
 * @typedef {{method: DigestMethod, value: string}} Digest the value in 64 digits of lower case.
 */

/** @type {readonly DigestMethod[]} */
export const METHODS = ["vc-jcs", "json-jcs", "file", "vc-rdfc", "given", "sd-jwt"];
export const JSON_METHODS = /** @type {readonly string[]} */ (["vc-jcs", "json-jcs"]);

/**
 * Whether an object is a verifiable credential, whose top-level `proof` is no part of its digest.
 * @param {Members} document
 */
export function isCredential(document) {
  const type = document.get("type");
  return type === "VerifiableCredential" || (Array.isArray(type) && type.includes("VerifiableCredential"));
}

/**
 * The digest of an object whose strings are in order.
 * @param {Members} document
 * @returns {Promise<Digest>}
 */
export async function digestObject(document) {
  const isVc = isCredential(document);
  const value = hex(await sha256(utf8(canonicalize(document, isVc ? "proof" : null))));
  return { method: isVc ? "vc-jcs" : "json-jcs", value };
}

/**
 * The digest of a JSON document, and the document.
 * @param {Uint8Array} data
 * @param {Limits} [limits]
 * @returns {Promise<{digest: Digest, document: Members}>}
 * @throws {Refusal} `not-an-object`, or a code of `parseJson`.
 */
export async function readJson(data, limits = DEFAULT_LIMITS) {
  const document = parseJson(data, limits);
  if (!(document instanceof Members)) {
    const kind = Array.isArray(document) ? "an array" : typeof document === "string" ? "a string" : document === null ? "null" : "a single value";
    throw new Refusal("not-an-object", `The document is ${kind}, not a JSON object.`, {
      remedy: "Give one credential a file; a list of them goes one a line into a .jsonl file.",
    });
  }
  return { digest: await digestObject(document), document };
}

/**
 * @param {Uint8Array} data
 * @returns {Promise<Digest>}
 */
export async function digestFile(data) {
  return { method: "file", value: hex(await sha256(data)) };
}

/**
 * The digest of what the issuer of an SD-JWT signed, the compact JWS up to the first `~`: the same whatever is shown.
 * @param {Uint8Array} data
 * @returns {Promise<Digest>}
 * @throws {Refusal} `method-mismatch` when it is no compact JWS.
 */
export async function digestSdJwt(data) {
  const issued = strip(latin1(data).split("~", 1)[0], ASCII_SPACE);
  if (!/^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/.test(issued)) {
    throw new Refusal("method-mismatch", "The digest method sd-jwt is for SD-JWT and other compact tokens, which the file is not.", {
      remedy: "Give the token as the issuer wrote it, or use another method.",
    });
  }
  return { method: "sd-jwt", value: hex(await sha256(utf8(issued))) };
}

/**
 * A digest that the issuer made in its own system: 64 hexadecimal digits in either case, with or without 0x.
 * @param {string} text
 * @returns {Digest}
 * @throws {Refusal} `given-syntax`.
 */
export function digestGiven(text) {
  if (!/^(?:0x)?[0-9a-fA-F]{64}$/.test(text)) {
    throw new Refusal("given-syntax", `'${text.slice(0, 80)}' is not a digest.`, { remedy: "Write 64 hex digits, with or without 0x." });
  }
  return { method: "given", value: hex(unhex(text)) };
}

/**
 * The digest of a credential by the method that a receipt names.
 * @param {string} method
 * @param {Uint8Array} data the credential; for `given`, the digits themselves.
 * @param {Limits} [limits]
 * @returns {Promise<Digest>}
 * @throws {Refusal} `unsupported-method`, `method-mismatch`, or a code of `readJson` or `digestGiven`.
 */
export async function digestAs(method, data, limits = DEFAULT_LIMITS) {
  if (method === "file") return digestFile(data);
  if (method === "given") return digestGiven(String.fromCharCode(...data.subarray(0, 200)).trim());
  if (method === "sd-jwt") return digestSdJwt(data);
  if (!JSON_METHODS.includes(method)) {
    throw new Refusal("unsupported-method", `The digest method '${method.slice(0, 40)}' is not supported here.`, {
      remedy: "Use vc-jcs, json-jcs, file, given or sd-jwt.",
    });
  }
  const { digest } = await readJson(data, limits);
  if (digest.method !== method) {
    throw new Refusal("method-mismatch", `The document is digested by ${digest.method}, not by ${method}.`, {
      remedy: "Check that the receipt belongs to this document.",
    });
  }
  return digest;
}
