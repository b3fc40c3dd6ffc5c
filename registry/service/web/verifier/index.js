/**
 * The verifier: what somebody needs who builds a page or a program of their own. Modules with more stand beside this one.
 */

export { Endpoints } from "./endpoints.js";
export { byEndpoints, firstOf } from "./grounds.js";
export { readPolicy } from "./policy.js";
export { EndpointsReader, EvidenceReader } from "./readers.js";
export { Language } from "./language.js";
export { readDocument } from "./reading.js";
export { parseReceipt } from "./receipt.js";
export { Refusal } from "./refusal.js";
export { overall, verdictJson } from "./verdict.js";
export { Verifier } from "./verifier.js";
export { verify } from "./verify.js";
