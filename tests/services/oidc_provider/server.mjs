// An OpenID Connect identity provider for tests, by oidc-provider, which the OpenID Foundation has certified.
// Called with the path of the library's main module, and settings as JSON:
//   issuer                    where it answers, on localhost
//   page                      the address of the page that people sign in to
//   client_id, client_secret  the page's
//   people                    by what somebody types as login: the claims said of them
//   clock_seconds             how much its clock differs from the machine's
// People sign in on the library's own pages, with any password.
import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { pathToFileURL } from 'node:url';

const [library, settings] = process.argv.slice(2);
const { issuer, page, client_id, client_secret, people, clock_seconds } = JSON.parse(settings);

const now = Date.now;
Date.now = () => now() + clock_seconds * 1000;

const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const key = { ...privateKey.export({ format: 'jwk' }), use: 'sig', kid: randomUUID() };

const { Provider } = await import(pathToFileURL(library));
const provider = new Provider(issuer, {
  clients: [{
    client_id,
    client_secret,
    redirect_uris: [`${page}/logga-in/klar`],
    post_logout_redirect_uris: [`${page}/utloggad`],
  }],
  jwks: { keys: [key] },
  pkce: { required: () => true },
  acrValues: [...new Set(Object.values(people).map(({ acr }) => acr))],
  claims: { openid: ['sub', 'employeeHsaId', 'groups'], acr: null },
  conformIdTokenClaims: false, // claims stand in the ID token too
  ttl: { IdToken: 300, Session: 3600, Interaction: 3600, Grant: 3600 },
  features: { devInteractions: { enabled: true } },
  findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id, ...people[id] }) }),
});

// The library's own pages leave out how strongly somebody has proven who they are.
const finished = provider.interactionFinished.bind(provider);
provider.interactionFinished = (request, response, result, options) => {
  if (result.login) result.login.acr = people[result.login.accountId]?.acr;
  return finished(request, response, result, options);
};

// They also ask for a font of another host, which may take long to be out of reach.
provider.use(async (context, next) => {
  await next();
  context.set('Content-Security-Policy', "style-src 'unsafe-inline'");
});

provider.listen(new URL(issuer).port, '127.0.0.1');
