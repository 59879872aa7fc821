#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The maar authors
# SPDX-License-Identifier: MIT
"""credentials.py DIR: an operator, an account and a user of NATS, as nsc would make them: DIR/operator.jwt,
DIR/resolver.conf (for nats-server), DIR/user.creds; and DIR/stranger.creds, of a user of nobody's. Keys and signatures are
openssl's."""
import base64
import binascii
import json
import os
import subprocess
import sys

TYPES = {'operator': 14 << 3, 'account': 0, 'user': 20 << 3}
SEED = 18 << 3
where = sys.argv[1]


def openssl(*words, data=None):
    return subprocess.run(('openssl',) + words, input=data, check=True, stdout=subprocess.PIPE).stdout


def encoded(raw):
    raw += binascii.crc_hqx(raw, 0).to_bytes(2, 'little')
    return base64.b32encode(raw).decode().rstrip('=')


class Key:
    """A pair of ed25519 keys, written as NATS writes them."""

    def __init__(self, kind, name):
        self.pem = os.path.join(where, name + '.pem')
        openssl('genpkey', '-algorithm', 'ed25519', '-out', self.pem)
        private = openssl('pkey', '-in', self.pem, '-outform', 'DER')[-32:]
        public = openssl('pkey', '-in', self.pem, '-pubout', '-outform', 'DER')[-32:]
        of = TYPES[kind]
        self.kind, self.name = kind, name
        self.public = encoded(bytes([of]) + public)
        self.seed = encoded(bytes([SEED | of >> 5, (of & 31) << 3]) + private)

    def jwt(self, subject, claims):
        def part(value):
            return base64.urlsafe_b64encode(value).rstrip(b'=')

        claims = dict(claims, type=subject.kind, version=2)
        body = {'jti': subject.public, 'iat': 1700000000, 'iss': self.public, 'name': subject.name,
                'sub': subject.public, 'nats': claims}
        text = part(b'{"typ":"JWT","alg":"ed25519-nkey"}') + b'.' + part(json.dumps(body).encode())
        to_sign = os.path.join(where, 'to-sign')
        with open(to_sign, 'wb') as to:
            to.write(text)
        signature = openssl('pkeyutl', '-sign', '-inkey', self.pem, '-rawin', '-in', to_sign)
        return (text + b'.' + part(signature)).decode()


def write(name, text):
    with open(os.path.join(where, name), 'w', encoding='ascii') as to:
        to.write(text)


def creds(account, name):
    user = Key('user', name)
    jwt = account.jwt(user, {'pub': {}, 'sub': {}, 'subs': -1, 'data': -1, 'payload': -1})
    write(name + '.creds', '-----BEGIN NATS USER JWT-----\n' + jwt + '\n------END NATS USER JWT------\n\n'
          '-----BEGIN USER NKEY SEED-----\n' + user.seed + '\n------END USER NKEY SEED------\n')


operator = Key('operator', 'operator')
limits = {'subs': -1, 'data': -1, 'payload': -1, 'imports': -1, 'exports': -1, 'wildcards': True, 'conn': -1,
          'leaf': -1}
storage = {'mem_storage': -1, 'disk_storage': -1, 'streams': -1, 'consumer': -1}
accounts = [Key('account', 'works'), Key('account', 'system')]
jwts = [operator.jwt(accounts[0], {'limits': dict(limits, **storage)}),
        operator.jwt(accounts[1], {'limits': limits})]
write('operator.jwt', operator.jwt(operator, {}))
write('resolver.conf', 'operator: "%s/operator.jwt"\nresolver: MEMORY\nsystem_account: %s\nresolver_preload: {\n%s}\n' %
      (where, accounts[1].public, ''.join('\t%s: %s\n' % (a.public, j) for a, j in zip(accounts, jwts))))
creds(accounts[0], 'user')
creds(Key('account', 'nobody'), 'stranger')
