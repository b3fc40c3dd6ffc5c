// A wallet made of @openid4vc/openid4vci takes what it is offered: a JSON object on standard input, one on standard output.
//
// {"issuer": URL, "at": URL, "offers": {NAME: {"link": interaction URL, "codes": [TRANSACTION CODE]}}}; requests to `issuer` go to `at`,
// and nothing else is reached. All codes are tried, in their order.
import {createHash, randomBytes} from 'node:crypto';
import {text} from 'node:stream/consumers';
import {Openid4vciClient} from '@openid4vc/openid4vci';

const question = JSON.parse(await text(process.stdin));
const origin = new URL(question.issuer).origin;

async function reach(input, init) {
  const asked = new URL(input);
  if(asked.origin !== origin) {
    throw new Error(`${asked.origin} is not the issuer`);
  }
  return fetch(`${question.at}${asked.pathname}${asked.search}`, init);
}

const client = new Openid4vciClient({
  callbacks: {
    fetch: reach,
    generateRandom: length => randomBytes(length),
    hash: (data, algorithm) => createHash(algorithm.replace('-', '')).update(data).digest(),
    // A wallet without a name: nothing is added to its requests.
    clientAuthentication: () => {}
  }
});

async function taken({link, codes}) {
  const found = await reach(link, {headers: {accept: 'application/json'}});
  const {protocols} = await found.json();
  const credentialOffer = await client.resolveCredentialOffer(protocols.OID4VCI);
  const issuerMetadata = await client.resolveIssuerMetadata(credentialOffer.credential_issuer);
  const refused = [];
  let accessToken;
  for(const txCode of codes) {
    try {
      const answer = await client.retrievePreAuthorizedCodeAccessTokenFromOffer({credentialOffer, issuerMetadata, txCode});
      accessToken ??= answer.accessTokenResponse.access_token;
    } catch(error) {
      refused.push(error.errorResponse?.error ?? `${error.name}: ${error.message}`);
    }
  }
  const credentials = {};
  for(const credentialConfigurationId of accessToken ? credentialOffer.credential_configuration_ids : []) {
    const {format} = issuerMetadata.credentialIssuer.credential_configurations_supported[credentialConfigurationId];
    const {credentialResponse} = await client.retrieveCredentials({accessToken, credentialConfigurationId, issuerMetadata});
    credentials[format] = credentialResponse.credentials.map(each => each.credential);
    await client.sendNotification({
      accessToken, issuerMetadata,
      notification: {notificationId: credentialResponse.notification_id, event: 'credential_accepted'}
    });
  }
  const version = issuerMetadata.originalDraftVersion;
  return {credentials, refused, version};
}

const told = {};
for(const [name, offer] of Object.entries(question.offers)) {
  try {
    told[name] = await taken(offer);
  } catch(error) {
    told[name] = {error: `${error.name}: ${error.message}`};
  }
}
process.stdout.write(JSON.stringify(told));
