// What verifiers of others say of many files, in one process: a JSON object on standard input, one on standard output.
//
// {"served": {URL: {"type": MEDIA_TYPE, "body": TEXT}}, "documents": {URL: document}, "date": TIME, "cases": {NAME: {"ask": NAME, …}}}
// gives {NAME: {"value": …} or {"error": TEXT}}. Nothing leaves the process: `fetch` answers with what is served and 404 for the rest, and
// what no case declares is no document. The packages are as npm has them.
import {text} from 'node:stream/consumers';

const served = {};
globalThis.fetch = async (input, options) => {
  const request = new Request(input, options);
  const found = served[request.url];
  if(found === undefined) {
    return new Response('{}', {status: 404, headers: {'content-type': 'application/json'}});
  }
  const types = found.types ?? [found.type];
  const accept = request.headers.get('accept') ?? '';
  const type = types.find(each => accept.includes(each)) ?? types[0];
  return new Response(found.body, {status: 200, headers: {'content-type': type}});
};

// After the patch: some packages keep the `fetch` that they find.
const {DataIntegrityProof} = await import('@digitalbazaar/data-integrity');
const Ed25519Multikey = await import('@digitalbazaar/ed25519-multikey');
const EcdsaMultikey = await import('@digitalbazaar/ecdsa-multikey');
const eddsaRdfc = await import('@digitalbazaar/eddsa-rdfc-2022-cryptosuite');
const eddsaJcs = await import('@digitalbazaar/eddsa-jcs-2022-cryptosuite');
const ecdsaRdfc = await import('@digitalbazaar/ecdsa-rdfc-2019-cryptosuite');
const ecdsaJcs = await import('@digitalbazaar/ecdsa-jcs-2019-cryptosuite');
const vc = await import('@digitalbazaar/vc');
const lists = await import('@digitalbazaar/vc-bitstring-status-list');
const jsigs = (await import('jsonld-signatures')).default;
const core = await import('@digitalcredentials/verifier-core');

const SUITES = {
  'eddsa-rdfc-2022': {sign: () => eddsaRdfc.cryptosuite, verify: () => eddsaRdfc.cryptosuite, keys: Ed25519Multikey},
  'eddsa-jcs-2022': {sign: eddsaJcs.createSignCryptosuite, verify: eddsaJcs.createVerifyCryptosuite, keys: Ed25519Multikey},
  'ecdsa-rdfc-2019': {sign: () => ecdsaRdfc.cryptosuite, verify: () => ecdsaRdfc.cryptosuite, keys: EcdsaMultikey},
  'ecdsa-jcs-2019': {sign: ecdsaJcs.createSignCryptosuite, verify: ecdsaJcs.createVerifyCryptosuite, keys: EcdsaMultikey}
};
const CHALLENGE = 'a challenge';

const question = JSON.parse(await text(process.stdin));
Object.assign(served, question.served);
const now = question.date;

const answers = {verify, sign, present, status, core: byCore};

async function documentLoader(url) {
  const document = question.documents[url] ?? (url in served ? JSON.parse(served[url].body) : undefined);
  if(document === undefined) {
    throw new Error(`not among the documents: ${url}`);
  }
  return {contextUrl: null, documentUrl: url, document};
}

function verifying(suites) {
  return suites.map(name => new DataIntegrityProof({cryptosuite: SUITES[name].verify()}));
}

/** @digitalbazaar/vc with these suites alone; it takes one proof that holds. */
async function verify({credential, suites}) {
  return outcome(await vc.verifyCredential({
    credential, suite: verifying(suites), documentLoader, now, checkStatus: async () => ({verified: true})
  }));
}

/** The document with one proof more, by a key of the case. */
async function sign({document, suite, key}) {
  return jsigs.sign(document, {
    suite: await signing(suite, key), purpose: new jsigs.purposes.AssertionProofPurpose(), documentLoader
  });
}

async function signing(suite, exported) {
  const key = await SUITES[suite].keys.from(exported);
  return new DataIntegrityProof({signer: key.signer(), date: now, cryptosuite: SUITES[suite].sign()});
}

/** A wallet signs a presentation that holds the credential; @digitalbazaar/vc verifies both. */
async function present({credential, suites, key}) {
  const presentation = vc.createPresentation({verifiableCredential: [credential], holder: key.controller, now});
  const signed = await vc.signPresentation({
    presentation, suite: await signing('eddsa-rdfc-2022', key), challenge: CHALLENGE, documentLoader
  });
  return outcome(await vc.verify({
    presentation: signed, suite: verifying(suites), challenge: CHALLENGE, documentLoader, now,
    checkStatus: async () => ({verified: true})
  }));
}

/** @digitalbazaar/vc-bitstring-status-list: by purpose, whether the bit is set; its list has to be signed by these suites. */
async function status({credential, suites}) {
  const {verified, results, error} = await lists.checkStatus({credential, documentLoader, suite: verifying(suites)});
  if(results === undefined) {
    return {error: String(error?.message ?? error)};
  }
  return {verified, set: Object.fromEntries(results.map(each => [each.credentialStatus.statusPurpose, each.status]))};
}

/** @digitalcredentials/verifier-core: each step of its log, or its errors. */
async function byCore({credential}) {
  const told = await core.verifyCredential({credential, knownDIDRegistries: question.registries});
  if(told.errors) {
    return {errors: told.errors.map(each => each.name)};
  }
  const steps = Object.fromEntries(told.log.map(each => [each.id, each.error ? each.error.name : each.valid]));
  const [schema] = told.additionalInformation?.[0]?.results ?? [];
  return {...steps, schema: schema?.result?.valid, complaints: schema?.result?.errors};
}

function outcome({verified, error, results, credentialResults}) {
  const inside = [error, ...(error?.errors ?? []), ...(results ?? []).map(each => each.error)].filter(Boolean);
  return {verified, errors: verified ? [] : [...new Set(inside.map(each => each.message))]};
}

const told = {};
for(const [name, asked] of Object.entries(question.cases)) {
  try {
    told[name] = {value: await answers[asked.ask](asked)};
  } catch(error) {
    told[name] = {error: `${error.name}: ${error.message}`};
  }
}
process.stdout.write(JSON.stringify(told));
