// What @openid-federation/core says of entity statements and trust marks: a JSON object on standard input, one on standard output.
//
// {"served": {URL: JWT}, "now": TIME, "leaf": URL, "anchors": [URL], "marks": [{"mark": JWT, "jwk": JWK}]}; what is fetched from a fetch
// endpoint is under its URL, a space and `sub`. Nothing leaves the process.
import {webcrypto} from 'node:crypto';
import {text} from 'node:stream/consumers';

const question = JSON.parse(await text(process.stdin));

// The package looks at the clock and at the network itself.
const Real = Date;
globalThis.Date = class extends Real {
  constructor(...given) {
    super(...(given.length ? given : [question.now]));
  }
};
globalThis.fetch = async url => {
  const asked = new URL(url);
  const sub = asked.searchParams.get('sub');
  const found = question.served[`${asked.origin}${asked.pathname}${sub === null ? '' : ` ${sub}`}`];
  return found === undefined
    ? new Response('not served', {status: 404})
    : new Response(found, {status: 200, headers: {'content-type': 'application/entity-statement+jwt'}});
};
const {resolveTrustChains, trustMarkSchema} = await import('@openid-federation/core');

async function verifyJwtCallback({data, signature, jwk}) {
  const {kty, crv, x, y} = jwk;
  const key = await webcrypto.subtle.importKey('jwk', {kty, crv, x, y}, {name: 'ECDSA', namedCurve: crv}, false, ['verify']);
  return webcrypto.subtle.verify({name: 'ECDSA', hash: 'SHA-256'}, key, signature, data);
}

async function mark({mark: token, jwk}) {
  const [head, payload, signature] = token.split('.');
  const bytes = part => Buffer.from(part, 'base64url');
  const {trust_mark: read} = trustMarkSchema.parse({id: JSON.parse(bytes(payload)).id, trust_mark: token});
  const {iss, sub, id, exp} = read.claims;
  const signed = await verifyJwtCallback({data: Buffer.from(`${head}.${payload}`), signature: bytes(signature), jwk});
  return {iss, sub, id, exp: exp.toISOString(), signed};
}

const told = {chains: [], constraints: [], marks: await Promise.all(question.marks.map(mark))};
try {
  if(question.leaf) {
    const chains = await resolveTrustChains({
      entityId: question.leaf, trustAnchorEntityIds: question.anchors, verifyJwtCallback
    });
    told.chains = chains.map(({chain}) => [chain[0].sub, ...chain.map(each => each.iss)].filter((each, i, all) => each !== all[i - 1]));
    told.constraints = chains.flatMap(({chain}) => chain.filter(each => each.sub === question.leaf && each.iss !== each.sub)).map(each => each.constraints);
  }
} catch(error) {
  told.error = `${error.name}: ${error.message}`;
}
process.stdout.write(JSON.stringify(told));
