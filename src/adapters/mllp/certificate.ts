// Identity of a TLS peer out of its X.509 certificate (RFC 5280 section 4.2.1.6, subjectAltName).

import { createHash, type X509Certificate } from 'node:crypto'

/** Names that a certificate proves, strongest first: 'URI:', 'DNS:' (subjectAltName), 'SPKI:' (sha-256), 'CN:'. */
export function identitiesOf(certificate: X509Certificate): string[] {
  const names = alternativeNames(certificate.subjectAltName ?? '')
  const spki = certificate.publicKey.export({ type: 'spki', format: 'der' })
  return [
    ...names.filter((name) => name.startsWith('URI:')),
    ...names.filter((name) => name.startsWith('DNS:')),
    `SPKI:${createHash('sha256').update(spki).digest('hex')}`,
    ...commonNames(certificate.subject),
  ]
}

/** The subject on one line, for a fault record. */
export function subjectLine(certificate: X509Certificate): string {
  return certificate.subject.split('\n').join(', ')
}

/** Node writes 'URI:urn:a, DNS:b', and a value with a comma or a control character as a JSON string. */
function alternativeNames(text: string): string[] {
  const names: string[] = []
  for (const [, type, value] of text.matchAll(/(?:^|, )(URI|DNS|[A-Za-z ]+):("(?:[^"\\]|\\.)*"|[^,]*)/g)) {
    // A quoted value hides something: it is no name that anyone listed.
    if ((type === 'URI' || type === 'DNS') && value !== undefined && !value.startsWith('"')) {
      names.push(`${type}:${value}`)
    }
  }
  return names
}

function commonNames(subject: string): string[] {
  return subject
    .split('\n')
    .filter((line) => line.startsWith('CN='))
    .map((line) => `CN:${line.slice('CN='.length)}`)
}
