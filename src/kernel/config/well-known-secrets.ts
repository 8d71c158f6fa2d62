/**
 * Parts of well-known secrets from documentation, templates and tutorials, reduced to lower-case letters and digits.
 * Each has at least six characters, so a random secret of 256 bits contains one of them with a probability below 1 in
 * 10,000.
 */
export const WELL_KNOWN_PARTS: readonly string[] = [
  // Placeholders that ask to be changed.
  ...['changeit', 'changeme', 'changethis', 'changetoa', 'pleasechange', 'replaceme', 'replacethis', 'replacewith'],
  ...['yoursecret', 'yourjwt', 'yourkey', 'yourtoken', 'yourpassword', 'yoursuper', 'yourvery', 'yourown', 'yourapi'],
  ...[
    'your256bit',
    'your384bit',
    'your512bit',
    'yourencryption',
    'yoursession',
    'yourrandom',
    'yourstrong',
    'yourlong',
  ],
  ...['insertyour', 'insertsecret', 'enteryour', 'putyour', 'addyour', 'setyour', 'generateyour', 'generateme'],
  ...['todoreplace', 'fixmereplace', 'placeholder', 'fillmein', 'notasecret', 'notarealsecret', 'notsosecret'],
  // Names of examples.
  ...[
    'secret',
    'password',
    'passw0rd',
    'p4ssw0rd',
    'pa55word',
    'passphrase',
    'default',
    'example',
    'sample',
    'development',
  ],
  ...['insecure', 'unsafe', 'testing', 'testtest', 'testkey', 'testtoken', 'testonly', 'devonly', 'devtoken', 'devkey'],
  ...['demokey', 'demotoken', 'localdev', 'localhost', 'foobar', 'foobarbaz', 'loremipsum', 'helloworld', 'mytoken'],
  ...['mysuper', 'supersafe', 'superstrong', 'topsecret', 'verysecure', 'secure', 'shhhhh', 'sshhhh'],
  ...['donttell', 'dontshare', 'tellnoone', 'accesstoken', 'signingkey', 'privatekey', 'encryptionkey', 'sessionkey'],
  ...['betterauth', 'nextauth', 'authsecret', 'jwttoken', 'jwtkey', 'tokenkey', 'masterkey', 'adminadmin'],
  // Common passwords.
  ...['keyboardcat', 'letmein', 'qwerty', 'qwertz', 'azerty', 'asdfgh', 'zxcvbn', '1q2w3e', 'q1w2e3', 'iloveyou'],
  ...['trustno1', 'opensesame', 'abracadabra', 'abc123', 'abcabc', '123456', '654321', '111111', '000000', 'aaaaaa'],
  ...['deadbeef', 'cafebabe', 'badc0ffee', 'c0ffee', 'hunter2', 'correcthorse', 'batterystaple', 'monkey', 'dragon'],
  ...[
    'welcome',
    'administrator',
    'rootroot',
    'guestguest',
    'minioadmin',
    'rabbitmq',
    'postgres',
    'mysecret',
    'toor1234',
  ],
]

/** Random-looking secrets that were published in documentation. */
export const PUBLISHED_SECRETS: ReadonlySet<string> = new Set([
  // jwt.io, and the examples of RFC 7515 (A.1) and RFC 7519.
  'AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow',
  // FastAPI's tutorial on OAuth2 with JWT.
  '09d25e094faa6ca2556c818166b7a9563b93f7099f6f0f4caa6cf63b88e8d3e7',
  // Flask's documentation of SECRET_KEY and of the development server's sessions.
  '192b9bdd22ab9ed4d12e236c78afcb9a393ec15f71bbf5dc987d54727823bcbf',
  '_5#y2L"F4Q8z\\n\\xec]/',
  // RFC 6238 and RFC 4226, appendix B; RFC 5869, A.1.
  '12345678901234567890123456789012',
  '0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b',
  '000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f',
  // NIST SP 800-38A and 800-38D.
  '603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4',
  'feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308',
  // Amazon's documentation of signatures.
  'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
])
