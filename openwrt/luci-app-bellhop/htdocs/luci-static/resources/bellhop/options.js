'use strict';
'require baseclass';
'require form';
'require tools.widgets as widgets';
'require ui';
'require uci';
'require bellhop.api as api';

/* The options of /etc/config/bellhop as the forms show them. A row: name, default
 * ([] of a list), what is accepted, title, help. Accepted is a data type of LuCI,
 * one of WIDGETS or PATTERNS, or the choices. The node's own list is SCHEMA in
 * src/bellhop/settings/schema.py; a test holds the two together. */

const CODE = _('As *21, or off.'), OF_CHOICES = _('A user or group of this house.');
const FLAG = 'flag', TLS = _('Needs the package bellhop-tls; 0 switches it off.');
const NETWORK = 'or(cidr4,cidr6,ip4addr("nomask"),ip6addr("nomask"))';
/* What none of the choices stands for, where that is not what holds for all. */
const NONE = { preset: _('another one'), brand: _('another one') };
const CHOICES = {
	allow: _('allow'), refuse: _('refuse'), calls: _('every call'), needed: _('only where it must'),
	error: _('errors'), warning: _('warnings'), notice: _('notices'), info: _('everything'),
	md5: 'MD5', sha256: 'SHA-256', home: _('home: my contacts'), emergency: _('emergency: everybody'),
	'': _('as for all'), require: _('required'), prefer: _('where possible'), never: _('never'), always: _('always'),
	encrypted: _('any key'), known: _('a key seen before'), compared: _('words that were compared'),
	signed: _('an OpenPGP signature'), no: _('no'), offer: _('offered'), must: _('required'),
	auto: _('as the DNS says'), udp: 'UDP', tcp: 'TCP', tls: 'TLS', from: _('the number as sender'),
	aaisp: 'Andrews & Arnold', callcentric: 'Callcentric', dusnet: 'dus.net', 'dusnet-secure': 'dus.net (TLS)', free: 'Free',
	ovh: 'OVHcloud', 'sipgate-trunk': 'sipgate trunk', telekom: 'Telekom', telnyx: 'Telnyx',
	asserted: 'P-Asserted-Identity', preferred: 'P-Preferred-Identity',
	dns: _('as all names in the DNS'), private: _('without its being seen'), e164: '+4930…', plain: '4930…', international: '004930…',
	contacts: _('my contacts'), after: _('10 seconds after them'), beside: _('together with them'), mark: _('shown'),
	see: _('look at it'), full: _('all'), yealink: 'Yealink', snom: 'Snom', grandstream: 'Grandstream',
	fanvil: 'Fanvil', cisco: 'Cisco', gigaset: 'Gigaset', etsi: _('as in Europe'), us: _('as in the US'), off: _('none'), ring: _('ring'), quiet: _('no phone rings'), voice: _('where unanswered calls go'),
	parallel: _('all at once'), sequential: _('one after the other'),
	rotating: _('another one first each time'),
	nobody: _('nobody'), 0: _('straight'), 1: _('by one other router'), 2: _('by three other routers'),
	house: _('the house'), mesh: _('the house and the mesh'), national: _('this country'), contacts: _('my contacts'), all: _('everybody')
};

const OPTIONS = {
	node: [
		[ 'enabled', '1', FLAG, _('Switched on'), _('Start the node at boot.') ],
		[ 'domain', '', 'host', _('Domain'), _('The part behind @ in the addresses of the phones here. After a change every phone needs a new password.') ],
		[ 'alias_domain', [], 'host', _('Further domains'), _('They mean the same phones.') ],
		[ 'listen', [], 'ipaddr("nomask")', _('Listen on'), _('Addresses of this router; none: all of them.') ],
		[ 'firewall_zone', [], 'zones', _('Firewall zones'), _('Whose phones can reach the node; none: lan.') ],
		[ 'internet', '0', FLAG, _('Reachable from the Internet'), _('Opens the ports of this node in the zone wan: everybody can try passwords there.') ],
		[ 'sip_port', '5060', 'port', _('SIP port'), _('For UDP and TCP.') ],
		[ 'tls_port', '5061', 'port', _('TLS port'), TLS ],
		[ 'ws_port', '8088', 'port', _('WebSocket port'), TLS ],
		[ 'wss_port', '8089', 'port', _('Secure WebSocket port'), TLS ],
		[ 'web_origin', [], 'string', _('Web pages'), _('Hosts whose pages may call through this router, beside its own.') ],
		[ 'http_port', '8086', 'port', _('Page port'), _('The page of each member and the phone book, on the LAN; 0 switches it off.') ],
		[ 'https_port', '8443', 'port', _('Page port with TLS'), TLS ],
		[ 'field_mode', '0', FLAG, _('Field mode'), _('A desk phone that nobody knows gets a number as soon as it is plugged in.') ],
		[ 'field_numbers', '900-949', 'numbers', _('Numbers of guests'), _('Of field mode: the first and the last.') ],
		[ 'certificate', '', 'file', _('Certificate'), _('PEM file; none: the node makes its own.') ],
		[ 'key', '', 'file', _('Private key'), _('PEM file of the certificate\'s key.') ],
		[ 'tls_verify', '1', FLAG, _('Check certificates'), _('Of other domains, before a call goes there.') ],
		[ 'emergency_number', [ '112', '911' ], 'number', _('Emergency numbers'), _('They reach the responders before any other rule.') ],
		[ 'responders', '', 'number', _('Responders'), _('The phone or group that rings on an emergency call.') ],
		[ 'reserved_number', [], 'number', _('Reserved numbers'), _('No unknown node may have them, as with 110 and 999.') ],
		[ 'strangers', 'refuse', [ 'allow', 'refuse' ], _('Callers from elsewhere'), _('May they ring phones here?') ],
		[ 'help_for_strangers', '0', FLAG, _('Help for strangers'), _('May callers from elsewhere ring the responders?') ],
		[ 'stranger_requests_per_minute', '60', 'range(0,100000)', _('Requests of a stranger'), _('Per minute and address; 0: no bound.') ],
		[ 'blocked', [], 'caller', _('Blocked callers'), _('They are refused: user@host, a host name or an address.') ],
		[ 'trusted', [], NETWORK, _('Trusted addresses'), _('They call without a password and without a bound.') ],
		[ 'min_expires', '60', 'range(1,86400)', _('Shortest registration'), _('In seconds.') ],
		[ 'max_expires', '7200', 'range(60,604800)', _('Longest registration'), _('In seconds.') ],
		[ 'default_expires', '3600', 'range(60,604800)', _('Usual registration'), _('In seconds, where the phone names none.') ],
		[ 'ring_seconds', '180', 'range(10,3600)', _('Ring for'), _('In seconds; then the call ends.') ],
		[ 'record_route', 'calls', [ 'calls', 'needed' ], _('Stay in the path of'), _('Only calls in whose path the node stays are in the list of live calls.') ],
		[ 'keepalive_seconds', '25', 'range(0,3600)', _('Ping phones behind NAT'), _('Every so many seconds; 0: never.') ],
		[ 'max_transactions', '8192', 'range(64,100000)', _('Most transactions'), _('A router with little memory wants less.') ],
		[ 'max_bindings', '2048', 'range(10,100000)', _('Most registrations'), _('Of all phones together.') ],
		[ 'keep_history', '0', FLAG, _('Keep past calls'), _('On flash, so that a restart does not empty the list.') ],
		[ 'log_level', 'notice', [ 'error', 'warning', 'notice', 'info' ], _('Log'), _('What the system log shows.') ]
	],
	mesh: [
		[ 'enabled', '1', FLAG, _('Switched on'), _('Find other nodes and call their phones. Needs the package bellhop-mesh.') ],
		[ 'node_name', '', 'word', _('Name of this node'), _('None: the host name.') ],
		[ 'profile', 'home', [ 'home', 'emergency' ], _('Phone book is for'), _('Who may read the names of the phones here.') ],
		[ 'port', '5066', 'port', _('UDP port'), _('Of the mesh.') ],
		[ 'firewall_zone', [], 'zones', _('Firewall zones'), _('Whose nodes can reach this one; none: as for phones.') ],
		[ 'hello_ms', '2000', 'range(1000,4000)', _('Greet neighbours'), _('Every so many milliseconds; a shorter time notices sooner that one has gone.') ],
		[ 'interface', [], 'devices', _('Interfaces'), _('Where neighbours are sought; none: everywhere.') ],
		[ 'amateur', [], 'devices', _('Amateur radio'), _('Interfaces on which nothing may be hidden: what goes there is signed, and everybody can read it.') ],
		[ 'callsign', '', 'callsign', _('Call sign'), _('Is said on amateur radio; without it these interfaces stay off.') ],
		[ 'peer', [], 'or(host,hostport,ipaddrport(1))', _('Known nodes'), _('Always asked, as HOST or HOST:PORT.') ],
		[ 'dht', '0', FLAG, _('Find contacts by the DHT'), _('Routers that know each other\'s key meet over the Internet without any directory (package bellhop-dht). Others see that something is left there, not by whom, nor for whom.') ],
		[ 'dht_start', [], 'or(host,hostport,ipaddrport(1))', _('Nodes of the DHT'), _('HOST or HOST:PORT to begin with; none: the usual ones.') ],
		[ 'sip_peer', [], 'address', _('Nodes behind SIP'), _('Reached by SIP alone, as sip:HOST;transport=tcp.') ],
		[ 'search_domain', [], 'host', _('Search domains'), _('Their SRV records _bellhop._udp name nodes.') ]
	],
	user: [
		[ 'name', '', 'word', _('Account'), _('The user name for the phone.') ],
		[ 'display_name', '', 'string', _('Shown as'), _('What others see when this phone calls.') ],
		[ 'extension', '', 'number', _('Number'), _('What others dial.') ],
		[ 'alias', [], 'number', _('Further names'), _('Names and numbers that ring this phone too.') ],
		[ 'forward', '', 'dialled', _('Forward to'), _('Where calls go that nobody takes: a number, a name or an address.') ],
		[ 'forward_after', '25', 'range(0,180)', _('Forward after'), _('In seconds of ringing; 0: at once.') ],
		[ 'forward_always', '', 'dialled', _('Forward every call'), _('At once.') ],
		[ 'forward_busy', '', 'dialled', _('Forward when busy'), _('While the person talks or rests.') ],
		[ 'forward_noanswer', '', 'dialled', _('Forward if not answered'), _('After the seconds above.') ],
		[ 'forward_absent', '', 'dialled', _('Forward when off'), _('While no phone is on.') ],
		[ 'dnd', '0', FLAG, _('Do not disturb'), _('Calls find the person busy.') ],
		[ 'quiet', '', 'hours', _('Quiet hours'), _('As in 22:00-07:00.') ],
		[ 'block', [], 'string', _('Blocked callers'), _('A number, its beginning with *, or an address.') ],
		[ 'anonymous', 'ring', [ 'ring', 'quiet', 'voice', 'refuse' ], _('Hidden numbers'), _('Callers who do not show theirs.') ],
		[ 'unknown', 'ring', [ 'ring', 'refuse' ], _('Unknown callers'), _('Who is neither of the house nor in its phone book.') ],
		[ 'may_call', 'all', [ 'house', 'mesh', 'national', 'all' ], _('May call'), _('How far; calls for help always go through.') ],
		[ 'door', '0', FLAG, _('Door bell'), _('Rings the house alone, is called by it alone, sets nothing.') ],
		[ 'only', [], 'string', _('May call only'), _('A number, its beginning with *, or an address; none: everybody.') ],
		[ 'call_hours', '', 'hours', _('May call at'), _('As in 07:00-20:00; empty: always.') ],
		[ 'pause', '0', FLAG, _('Pause in groups'), _('Calls to groups ring without this person.') ],
		[ 'pickup', 'house', 'word', _('Pickup group'), _('Who has the same word here may take the calls of each other.') ],
		[ 'srtp', 'no', [ 'no', 'offer', 'must' ], _('Encryption to the phone'), _('SRTP between this router and the phone. Needs the package bellhop-media.') ],
		[ 'also_at', [], 'word', _('Also rings at'), _('Other nodes, by key or name, with phones of the same person.') ],
		[ 'intercom', '0', FLAG, _('Intercom'), _('Calls of this phone may be answered by the other phone itself, hands free.') ],
		[ 'caller_number', '', 'number', _('Number shown'), _('To others, when this phone calls by a provider.') ],
		[ 'algorithm', 'md5', [ 'md5', 'sha256' ], _('Digest'), _('Few phones know SHA-256.') ],
		[ 'listed', '', [ '', 'all', 'contacts', 'nobody' ], _('Listed for'), _('Who in the mesh finds this person by name.') ],
		[ 'pilot', 'full', [ 'no', 'see', 'full' ], _('Own page'), _('What this person may do there: nothing, look at it, all.') ]
	],
	phone: [
		[ 'name', '', 'string', _('Device'), _('What people call it, as in Kitchen.') ],
		[ 'user', '', 'word', _('Account'), _('Whose phone it is.') ],
		[ 'login', '', 'word', _('Login'), _('As whom it logs in: a device has a password of its own, and can be forgotten alone.') ],
		[ 'brand', '', [ '', 'yealink', 'snom', 'grandstream', 'fanvil', 'cisco', 'gigaset' ], _('Brand'), _('Of a desk phone.') ],
		[ 'mac', '', 'mac', _('Hardware address'), _('Of a desk phone: it stands on its label.') ],
		[ 'ring', '1', FLAG, _('Rings'), _('When its account is called.') ],
		[ 'key', [], 'lamp', _('Lamp keys'), _('As in blf:202, speed:71, park:1, page:family.') ]
	],
	box: [
		[ 'name', '', 'word', _('Name'), _('Of the box, for this page.') ],
		[ 'user', '', 'word', _('Rings'), _('A phone or group.') ],
		[ 'contact', '', 'string', _('For'), _('The name of the one contact who may use it; empty: whoever has the address.') ],
		[ 'hours', '0', 'range(0,87600)', _('Hours'), _('After so many it ends; 0: never.') ],
		[ 'calls_per_hour', '20', 'range(1,3600)', _('Calls per hour'), _('Further ones find nobody.') ]
	],
	page: [
		[ 'name', '', 'word', _('Name'), _('Of phones that hear announcements together, as in family.') ],
		[ 'extension', '', 'number', _('Number'), _('What phones of Cisco dial to speak there.') ],
		[ 'address', '', 'paging', _('Address'), _('Where desk phones of Yealink and Cisco listen and speak, by multicast: 224.0.2.60:5004.') ]
	],
	group: [
		[ 'name', '', 'word', _('Group'), _('A name that rings several phones.') ],
		[ 'display_name', '', 'string', _('Shown as'), _('The name for people.') ],
		[ 'extension', '', 'number', _('Number'), _('What others dial.') ],
		[ 'alias', [], 'number', _('Further names'), _('Names and numbers of the group.') ],
		[ 'member', [], 'word', _('Members'), _('The phones that ring.') ],
		[ 'strategy', 'parallel', [ 'parallel', 'sequential', 'rotating' ], _('They ring'), _('All at once, one after the other, or beginning with another one each time.') ],
		[ 'delay', '0', 'range(0,60)', _('Join after'), _('With all at once: seconds until the next one rings as well.') ],
		[ 'caller_number', '', 'number', _('Number shown'), _('To others, when a member calls by a provider.') ],
		[ 'listed', '', [ '', 'all', 'contacts', 'nobody' ], _('Listed for'), _('Who in the mesh finds this group by name.') ],
		[ 'overflow', '', 'dialled', _('If nobody answers'), _('Where calls go that no member takes.') ],
		[ 'ring_each', '20', 'range(5,600)', _('Seconds for each'), _('Where they ring one after the other.') ]
	],
	contact: [
		[ 'name', '', 'string', _('Name'), _('The name for people.') ],
		[ 'number', '', 'number', _('Number'), _('What a phone dials.') ],
		[ 'address', '', 'address', _('Address'), _('Where it leads, as in sip:gran@example.org.') ],
		[ 'star', '0', FLAG, _('May always ring'), _('Even those who do not want to be disturbed.') ],
		[ 'pickup', '', 'word', _('Pickup group'), _('May take the calls of phones here with the same word.') ],
		[ 'encryption', '', [ '', 'require', 'prefer', 'allow' ], _('Encryption'), _('Of calls with this contact.') ],
		[ 'verification', '', [ '', 'encrypted', 'known', 'named', 'compared', 'signed' ], _('Proof'), _('What a call with this contact must show.') ],
		[ 'level', '', [ '', '0', '1', '2' ], _('Privacy'), _('By how many other routers calls and texts to this contact go.') ],
		[ 'tell', '1', FLAG, _('Hears the truth'), _('Why a call is refused here, and that a text has come.') ],
		[ 'pgp', [], 'fingerprint', _('OpenPGP keys'), _('Fingerprints of the keys that sign for this contact.') ]
	],
	privacy: [
		[ 'level', '0', [ '0', '1', '2' ], _('Calls and texts go'), _('To other houses. Where there is no such way the phone says so, and whoever dials again within a minute calls more openly.') ],
		[ 'strangers', 'ring', [ 'ring', 'quiet', 'refuse' ], _('Callers of other routers'), _('Who are no contacts. Refused are their texts too.') ],
		[ 'uniform', '1', FLAG, _('Tell outsiders nothing'), _('Who is no contact hears it ring, and then that nobody was reached: no matter whether the number exists, is busy or refuses the call.') ],
		[ 'uniform_seconds', '45', 'range(20,120)', _('It rings for them'), _('In seconds, up to a tenth more by chance.') ],
		[ 'help_identity', '1', FLAG, _('Calls for help have a name'), _('They say who calls, from which house, and where. Without it nobody can call back.') ],
		[ 'relay_for_others', '1', FLAG, _('Relay for others'), _('Calls and texts between other routers may go by this one, their calls for help too.') ],
		[ 'receipts', 'contacts', [ 'contacts', 'off' ], _('Tell that a text has come'), _('After some seconds up to two minutes.') ],
		[ 'history_days', '7', 'range(0,90)', _('Keep past calls'), _('In days; 0: not at all.') ]
	],
	features: [
		[ 'style', 'etsi', [ 'etsi', 'us', 'off' ], _('Codes'), _('That phones dial to change something; one that stands below counts for all styles.') ],
		[ 'lamps', 'contacts', [ 'house', 'contacts', 'all' ], _('Lamps'), _('Who may watch who talks; contacts and others: in the mesh.') ],
		[ 'forward_always', '', 'code', _('Forward every call'), CODE ],
		[ 'forward_busy', '', 'code', _('Forward when busy'), CODE ],
		[ 'forward_noanswer', '', 'code', _('Forward if not answered'), CODE ],
		[ 'forward_absent', '', 'code', _('Forward when off'), CODE ],
		[ 'dnd', '', 'code', _('Do not disturb'), CODE ],
		[ 'pause', '', 'code', _('Pause in groups'), CODE ],
		[ 'pickup', '', 'code', _('Pick up'), _('Takes a call that rings at another phone.') ],
		[ 'intercom', '', 'code', _('Intercom'), _('Speaks at once to a phone that answers by itself.') ],
		[ 'park', '', 'code', _('Park'), _('A call is transferred here; who dials it takes it back.') ],
		[ 'ring_back', '', 'code', _('Ring back'), _('When the one who was dialled last is free.') ],
		[ 'block', '', 'code', _('Block'), _('The last caller for ever.') ],
		[ 'last_caller', '', 'code', _('Call back'), _('Who called last.') ],
		[ 'redial', '', 'code', _('Dial again'), _('What was dialled last.') ],
		[ 'network', '', 'code', _('Over the telephone network'), CODE ],
		[ 'hide_number', '', 'code', _('Without my number'), CODE ],
		[ 'nameless', '', 'code', _('Without my name'), _('Calls another house of the mesh; its phones show Anonymous.') ]
	],
	media: [
		[ 'enabled', '1', FLAG, _('Switched on'), _('Encrypt calls between nodes, and let sound pass this router. Needs the package bellhop-media.') ],
		[ 'encryption', 'prefer', [ 'require', 'prefer', 'allow' ], _('Encryption'), _('Of calls to other nodes.') ],
		[ 'verification', 'encrypted', [ 'encrypted', 'known', 'named', 'compared', 'signed' ], _('Proof'), _('What a call to another node must show.') ],
		[ 'relay', 'needed', [ 'never', 'needed', 'always' ], _('Sound through this router'), _('Of calls that it does not encrypt.') ],
		[ 'hide_addresses', '0', FLAG, _('Hide addresses'), _('All sound passes this node, so that its other end does not see where a phone is.') ],
		[ 'port_low', '16384', 'port', _('First port of sound'), _('UDP; a stream takes four.') ],
		[ 'port_high', '18431', 'port', _('Last port of sound'), _('UDP.') ],
		[ 'max_calls', '512', 'range(1,10000)', _('Most calls'), _('Whose sound passes this router at once.') ],
		[ 'dead_seconds', '300', 'range(30,86400)', _('Silence'), _('In seconds; then a relay in which nobody is heard is closed.') ]
	],
	dns: [
		[ 'enabled', '1', FLAG, _('Switched on'), _('Look numbers and keys up in the DNS, checked by DNSSEC. Needs the package bellhop-dns.') ],
		[ 'enum_suffix', [], 'host', _('Numbers below'), _('Where telephone numbers stand in the DNS, as e164.arpa.') ],
		[ 'directory', [], 'host', _('Directories'), _('Domains that say which key a telephone number has.') ],
		[ 'follow', '1', FLAG, _('Leave a provider that vanished'), _('A number of your own moves to the next best provider when its own was away for an hour.') ],
		[ 'book', '0', FLAG, _('Look up the phone book'), _('Now and then a number: who can be called over the Internet. Directories that can do without do not see the questions.') ],
		[ 'anchor', '', 'file', _('Keys of the root'), _('None: those of the Internet.') ],
		[ 'keeper', [], 'string', _('Keepers of the list'), _('Three keys; two of them must have signed the list of providers.') ],
		[ 'lookup', 'dns', [ 'dns', 'private' ], _('Questions about numbers'), _('Private: no directory sees which numbers are looked up.') ],
		[ 'root_hints', '', 'file', _('Servers of the root'), _('None: those of the Internet.') ]
	],
	telephone: [
		[ 'country', '', 'number', _('Country code'), _('Of this place, as in 49.') ],
		[ 'area', '', 'number', _('Area code'), _('Without what stands before it, as in 30.') ],
		[ 'international', '00', 'number', _('Before international numbers'), _('What people dial here.') ],
		[ 'national', '0', 'number', _('Before national numbers'), _('What people dial here.') ],
		[ 'emergency', 'after', [ 'after', 'beside' ], _('Calls for help'), _('Where this house names responders they ring first; when is the provider called? Without responders it is called at once.') ],
		[ 'street', '', 'string', _('Street'), _('For those who come to help.') ],
		[ 'house_number', '', 'string', _('House number'), _('For those who come to help.') ],
		[ 'postcode', '', 'string', _('Postal code'), _('For those who come to help.') ],
		[ 'city', '', 'string', _('Town'), _('For those who come to help.') ],
		[ 'nation', '', 'nation', _('Country'), _('For those who come to help.') ],
		[ 'address', '', 'string', _('Where in it'), _('For those who come to help: what no other field says.') ],
		[ 'spam', 'mark', [ 'mark', 'refuse', 'off' ], _('Callers of the spam list'), _('The list lies on this router: no number leaves it.') ],
		[ 'spam_list', '', 'file', _('Spam list'), _('A file on this router; none: no list.') ],
		[ 'spam_key', '', 'key', _('Signer of the spam list'), _('The key that its publisher tells; none: that of this node.') ]
	],
	sms: [
		[ 'enabled', '1', FLAG, _('Switched on'), _('Texts by a SIM card in this router, with the program gammu-smsd (backend files).') ],
		[ 'ring', '', 'number', _('Texts go to'), OF_CHOICES ],
		[ 'inbox', '/var/spool/gammu/inbox', 'directory', _('Folder of what came'), _('As in the configuration of gammu-smsd.') ],
		[ 'outbox', '/var/spool/gammu/outbox', 'directory', _('Folder of what goes'), _('As in the configuration of gammu-smsd.') ]
	],
	provider: [
		[ 'enabled', '1', FLAG, _('Switched on'), _('Needs the package bellhop-trunks.') ],
		[ 'name', '', 'word', _('Name'), _('None: the name of the section.') ],
		[ 'preset', '', [ '', 'aaisp', 'callcentric', 'dusnet', 'dusnet-secure', 'free', 'ovh', 'sipgate-trunk', 'telekom', 'telnyx' ], _('Provider'), _('Fills in what the provider says of itself; what stands below counts more.') ],
		[ 'domain', '', 'host', _('Domain'), _('Of the account, as in sip:ACCOUNT@DOMAIN.') ],
		[ 'username', '', 'string', _('Account'), _('Its name or number.') ],
		[ 'password', '', 'string', _('Password'), _('Of the account.') ],
		[ 'number', [], 'range', _('Own numbers'), _('The first is shown to others. A range as in +493012300..+493012399.') ],
		[ 'ring', '', 'number', _('Calls ring'), OF_CHOICES ],
		[ 'emergency', '1', FLAG, _('Emergency calls'), _('The provider carries them.') ],
		[ 'location', '0', FLAG, _('Tell the address'), _('Of this house, with emergency calls; some providers do not understand it.') ],
		[ 'auth_user', '', 'string', _('Name for the password'), _('None: that of the account.') ],
		[ 'proxy', [], 'or(host,hostport,ipaddrport(1))', _('Servers'), _('The first choice first; none: the domain.') ],
		[ 'transport', 'auto', [ 'auto', 'udp', 'tcp', 'tls' ], _('Transport'), _('How to get there.') ],
		[ 'realm', [], 'string', _('Realms'), _('That may ask for the password; none: the first that lets this node in.') ],
		[ 'register', '1', FLAG, _('Register'), _('So that calls come here.') ],
		[ 'expires', '600', 'range(60,86400)', _('Registration'), _('In seconds.') ],
		[ 'keepalive', '30', 'range(0,3600)', _('Ask whether it is there'), _('Every so many seconds; 0: never.') ],
		[ 'caller', 'from', [ 'from', 'asserted', 'preferred' ], _('Own number stands in'), _('As the provider wants it.') ],
		[ 'hide', '', 'prefix', _('Code that hides the number'), _('As in *31#; none: the standard way.') ],
		[ 'format', 'e164', [ 'e164', 'plain', 'international', 'national' ], _('Numbers are written'), _('As the provider wants it.') ],
		[ 'srtp', 'no', [ 'no', 'offer', 'must' ], _('Encrypt the sound'), _('Between this router and the provider (SRTP).') ],
		[ 'channels', '0', 'range(0,1000)', _('Calls at once'), _('0: nobody has said.') ],
		[ 'accept', [], NETWORK, _('Further addresses'), _('From which the provider calls.') ],
		[ 'offer', 'no', [ 'no', 'contacts', 'all' ], _('Offered to the mesh'), _('Who may call by this provider, at the cost of this house.') ],
		[ 'offer_minutes', '60', 'range(0,100000)', _('Minutes for the mesh'), _('A month.') ],
		[ 'offer_money', '0', 'money', _('Money for the mesh'), _('A month, in the smallest unit; 0: only what is free.') ]
	],
	route: [
		[ 'prefix', '', 'prefix', _('Numbers begin with'), _('As in +49; none: all.') ],
		[ 'provider', [], 'word', _('Providers'), _('None: all.') ],
		[ 'hours', '', 'hours', _('Hours'), _('As in 08:00-18:00; none: always.') ],
		[ 'minute', '', 'money', _('Price of a minute'), _('In the smallest unit, as in 1.9; none: not known.') ],
		[ 'call', '', 'money', _('Price of a call'), _('Whatever its length.') ],
		[ 'refuse', '0', FLAG, _('Never'), _('Such numbers are not called.') ]
	],
	number: [
		[ 'number', [], 'range', _('Own numbers'), _('A number, or a range as in +493012300..+493012399.') ],
		[ 'ring', '', 'number', _('Calls ring'), OF_CHOICES ],
		[ 'hours', '', 'hours', _('Hours'), _('As in 08:00-18:00; none: always.') ],
		[ 'otherwise', '', 'number', _('At other hours'), OF_CHOICES ]
	],
	mqtt: [
		[ 'enabled', '1', FLAG, _('Switched on'), _('Tell a broker of calls and people, as Home Assistant reads them. Needs the package bellhop-mqtt.') ],
		[ 'host', '127.0.0.1', 'host', _('Broker'), _('Its name or address.') ],
		[ 'port', '1883', 'port', _('Port'), _('With TLS mostly 8883.') ],
		[ 'user', '', 'string', _('Account'), _('At the broker; empty: none.') ],
		[ 'password', '', 'string', _('Password'), _('At the broker.') ],
		[ 'tls', '0', FLAG, _('Encrypted'), _('Speak TLS with the broker.') ],
		[ 'certificate', '', 'file', _('Certificate'), _('Of who vouches for the broker; empty: the usual ones.') ],
		[ 'topic', 'bellhop', 'word', _('Topic'), _('What all topics begin with.') ],
		[ 'discovery', 'homeassistant', 'word', _('Discovery'), _('Where Home Assistant looks for devices; empty: nowhere.') ]
	],
	webhook: [
		[ 'enabled', '1', FLAG, _('Switched on'), _('Tell a program by HTTP what happens.') ],
		[ 'url', '', 'url', _('Address'), _('Events are posted there as JSON.') ],
		[ 'event', [ 'call' ], 'event', _('Events'), _('call, registration, media or refused.') ],
		[ 'password', '', 'string', _('Password'), _('Signs what is posted; empty: it is not signed.') ]
	],
	pgp: [
		[ 'enabled', '1', FLAG, _('Switched on'), _('Sign calls with OpenPGP. Needs the package bellhop-pgp.') ],
		[ 'key', '', 'fingerprint', _('Own key'), _('Fingerprint of the key that signs the calls of this node.') ],
		[ 'home', '', 'directory', _('GnuPG folder'), _('None: /etc/bellhop/gnupg.') ],
		[ 'wait_seconds', '20', 'range(2,120)', _('Wait for a signature'), _('In seconds.') ]
	]
};

const PATTERNS = {
	word: [ /^[A-Za-z0-9._+-]+$/, _('letters, digits and . _ - +') ],
	number: [ /^[A-Za-z0-9._+()\/*# -]+$/, _('a name, or a number such as +49 30 1234') ],
	code: [ /^(off|[*#]\d+(\/[*#]\d+)?)$/, _('* or # and digits, as in *21, or off') ],
	range: [ /^[0-9+()\/ -]+(\*|\.\.[0-9+()\/ -]+)?$/, _('a number such as +49 30 1234, a range with two dots, or a beginning with *') ],
	callsign: [ /^[A-Za-z0-9\/-]{3,10}$/, _('3 to 10 letters and digits, as in DL1ABC') ],
	prefix: [ /^[0-9*#+]+$/, _('digits, as in 0900 or +49') ],
	money: [ /^\d+([.,]\d+)?$/, _('a number such as 1.9') ],
	numbers: [ /^\d{1,8}-\d{1,8}$/, _('two numbers, as in 900-949') ],
	paging: [ /^2(2[4-9]|3\d)(\.\d{1,3}){3}:\d{1,5}$/, _('a multicast address with a port, as in 224.0.2.60:5004') ],
	mac: [ /^([0-9A-Fa-f]{2}[:.-]?){5}[0-9A-Fa-f]{2}$/, _('twelve digits, as in 00:15:65:aa:bb:cc') ],
	lamp: [ /^(blf|speed|park|page):[A-Za-z0-9._+()\/*# -]+$/, _('as in blf:202') ],
	hours: [ /^\d\d?:\d\d-\d\d?:\d\d$/, _('hours, as in 22:00-07:00') ],
	caller: [ /^([^\s@]+@)?[\w.:[\]+-]+$/, _('user@host, a host name or an address') ],
	dialled: [ /^([A-Za-z0-9._+()\/*# -]+|(sips?|tel):\S+)$/, _('a number, a name or an address such as sip:gran@example.org') ],
	nation: [ /^[A-Z]{2}$/, _('two capital letters, as in DE') ],
	key: [ /^[0-9A-Fa-f]{64}$/, _('64 hexadecimal digits') ],
	url: [ /^https?:\/\/\S+$/, _('a URL that begins with http: or https:') ],
	event: [ /^(call|registration|media|refused)$/, _('call, registration, media or refused.') ],
	fingerprint: [ /^[0-9A-Fa-f]{40}$/, _('40 hexadecimal digits') ],
	address: [ /^(sips?|tel):\S+$/, _('an address such as sip:gran@example.org') ]
};

/* What is wrong in the configuration, by the word that the node has for it. */
const WRONG = {
	'file not readable': _('The configuration cannot be read: the last good one is in force.'),
	'file empty': _('The configuration is empty: the last good one is in force.'),
	'no UCI': _('This line is no line of a configuration: it is left out.'),
	unknown: _('This version does not know it: it is not looked at.'),
	'not accepted': _('This is not accepted: it is left out, or its default holds.'),
	'no name': _('It has no name and is left out.'),
	'stands twice': _('It stands there twice: the second is left out.'),
	'number taken': _('Somebody else has this name or number already: it does without.'),
	'is gone': _('It names somebody who is not there: that is left out.'),
	'forwards to itself': _('It forwards to itself: calls are not forwarded.'),
	'does not fit': _('It does not fit the other options: their defaults hold.'),
	'no password': _('It has no password: no phone can register.'),
	'package missing': _('A package that this needs is not installed.'),
	'port not free': _('Another program has this port.'),
	'address absent': _('This router does not have this address now.')
};

/* Kinds of sections: what a person calls them, and the page on which they are mended. */
const KINDS = { user: [ _('Phone'), 'phones' ], phone: [ _('Device'), 'phones' ], page: [ _('Announcements'), 'phones' ], group: [ _('Group'), 'groups' ], contact: [ _('Speed dial'), 'phonebook' ],
	node: [ _('Node'), 'settings' ], mesh: [ _('Mesh'), 'settings' ], media: [ _('Sound'), 'settings' ], pgp: [ _('Signatures'), 'settings' ], mqtt: [ 'MQTT', 'settings' ], webhook: [ 'Webhook', 'settings' ], dns: [ _('Names in the DNS'), 'settings' ], privacy: [ _('Privacy'), 'privacy' ], box: [ _('Box'), 'privacy' ], features: [ _('Feature codes'), 'settings' ],
	provider: [ _('Provider'), 'numbers' ], route: [ _('Way out'), 'numbers' ], number: [ _('Number'), 'numbers' ], telephone: [ _('This place'), 'numbers' ], sms: [ _('Texts'), 'numbers' ] };

/* What a problem is about, in words: the section, the option, the value. */
function whereOf(row) {
	const option = (OPTIONS[row.kind] || []).find(one => one[0] == row.option);
	const one = row.index < 0 ? {} : uci.sections('bellhop')[row.index] || {};
	return [ row.line > 1 && !row.kind ? _('Line %d').format(row.line) : '', (KINDS[row.kind] || [ row.kind ])[0], one.display_name || one.name || (row.section == row.kind ? '' : row.section),
		row.what == 'package missing' ? '' : option ? option[3] : row.option, row.value ].filter(text => text).join(' › ');
}

/* Phones and groups share their names and numbers. */
const SHARED = [ 'name', 'extension', 'alias' ];

/* The zones of the firewall through which the Internet comes. */
let outside = [ 'wan' ];

/* Whom one can ring here: phones, and groups where they will do. */
function people(has_groups) {
	return uci.sections('bellhop', 'user').concat(has_groups ? uci.sections('bellhop', 'group') : []);
}

/* What a section is called by, in small letters. */
function namesOf(one) {
	return [ one.name || one['.name'], one.extension ].concat(one.alias || []).filter(text => text).map(text => text.toLowerCase());
}

/* Why a name or number is not free, or null. */
function whyTaken(id, text) {
	const node = uci.sections('bellhop', 'node')[0] || {}, wanted = text.toLowerCase();
	if ([].concat(node.emergency_number || OPTIONS.node.find(row => row[0] == 'emergency_number')[1]).includes(text))
		return _('a number for calls for help');
	if ([ 'user', 'group' ].some(kind => uci.sections('bellhop', kind).some(one => one['.name'] != id && namesOf(one).includes(wanted))))
		return _('another phone or group has it already');
	return uci.sections('bellhop', 'contact').some(one => one.number == text) ? _('a speed dial has it already') : null;
}

/* Why a call cannot be forwarded there, or null: to oneself, or to a name that nobody here has. */
function whyNoForward(id, text) {
	const wanted = text.toLowerCase();
	if (namesOf(uci.get('bellhop', id) || { name: '' }).includes(wanted))
		return _('the phone itself');
	if (/^[a-z]/.test(wanted) && !wanted.includes(':') && ![ 'user', 'group' ].some(kind =>
			uci.sections('bellhop', kind).some(one => namesOf(one).includes(wanted))))
		return _('nobody here has this name');
	return null;
}

/* What else names a phone or group: it would ring nobody afterwards. */
function mentions(names) {
	const found = [];
	[ [ 'group', 'member', _('Group') ], [ 'user', 'forward', _('Forwarding') ], [ 'node', 'responders', _('Responders') ] ].forEach(
		([ kind, option, title ]) => uci.sections('bellhop', kind).forEach(one =>
			[].concat(one[option] || []).some(text => names.includes(text.toLowerCase())) &&
				found.push([ one, option, title + ' ' + (one.display_name || one.name || '') ])));
	return found;
}

function removeMentions(names, found) {
	found.forEach(([ one, option ]) => {
		const left = [].concat(one[option]).filter(text => !names.includes(text.toLowerCase()));
		uci.set('bellhop', one['.name'], option, Array.isArray(one[option]) && left.length ? left : null);
	});
}

const WIDGETS = { flag: form.Flag, zones: widgets.ZoneSelect, devices: widgets.DeviceSelect };

return baseclass.extend({
	/* Adds the options of a kind of section: those named, in their order, or all. */
	add: function(section, kind, names, tab) {
		const made = {};
		const rows = names ? names.map(one => OPTIONS[kind].find(row => row[0] == one)) : OPTIONS[kind];
		rows.forEach(row => {
			const [ name, value, accepted, title, help ] = row, is_choice = Array.isArray(accepted), is_flag = accepted == FLAG;
			const args = [ WIDGETS[accepted] || (is_choice ? form.ListValue : Array.isArray(value) ? form.DynamicList : form.Value), name, title, help ];
			const option = tab ? section.taboption(tab, ...args) : section.option(...args);
			const pattern = PATTERNS[accepted], is_shared = (kind == 'user' || kind == 'group') && SHARED.includes(name);

			if (pattern)
				option.validate = (id, text) => !text || (!pattern[0].test(text) ? pattern[1] :
					(is_shared ? whyTaken(id, text) : name == 'forward' ? whyNoForward(id, text) : null) || true);
			else if (is_choice) {
				accepted.forEach(choice => option.value(choice, choice === '' && NONE[name] || CHOICES[choice]));
				option.textvalue = id => CHOICES[option.cfgvalue(id) || value];
			}
			else if (WIDGETS[accepted])
				option.multiple = option.nocreate = true;
			else
				option.datatype = accepted;
			option.password = name == 'password';

			if ([ 'responders', 'member' ].includes(name) || accepted == 'dialled')
				people(name != 'member').forEach(one => option.value(one.name || one['.name'], one.display_name || one.name || one['.name']));
			if (is_choice || is_flag)
				option.default = value;
			else
				option.placeholder = String(value);
			if (!is_choice && !is_flag && value.length && !Array.isArray(value))
				option.textvalue = id => option.cfgvalue(id) || value;
			option.rmempty = !is_flag;
			made[name] = option;
		});
		return made;
	},

	/* What an option of a kind of section is called. */
	title: function(kind, name) {
		return (OPTIONS[kind].find(row => row[0] == name) || [ 0, 0, 0, name ])[3];
	},

	names: function(kind) {
		return OPTIONS[kind].map(row => row[0]);
	},

	/* Leaves but some of the options that `add` made for the window of one section. */
	few: function(made, shown) {
		Object.keys(made).forEach(name => shown.includes(name) || (made[name].modalonly = true));
	},

	/* The section of a form for all sections of a kind that has one. */
	single: function(map, kind, title, help) {
		const section = map.section(form.TypedSection, kind, title, help);
		section.anonymous = true;
		section.addremove = !uci.sections('bellhop', kind).length;
		section.addbtntitle = _('Set up');
		return section;
	},

	grid: function(map, kind, title, help) {
		const section = map.section(form.GridSection, kind, title, help);
		section.anonymous = section.addremove = section.sortable = true;
		return section;
	},

	whyTaken: whyTaken,

	/* The firewall's zones, for isReachable. */
	loadZones: function() {
		return Promise.all([ L.resolveDefault(uci.load('firewall')), L.resolveDefault(uci.load('network')), api.ask('network.interface dump') ]).then(found => {
			const open = ((found[2] || {})['interface'] || []).filter(one => (one.route || []).some(route => route.mask == 0)).map(one => one['interface']);
			outside = uci.sections('firewall', 'zone').filter(zone => [].concat(zone.network || []).some(name => open.includes(name))).map(zone => zone.name);
			outside = outside.length ? outside : [ 'wan' ];
		});
	},

	isOutside: function(zones) {
		return zones.some(zone => outside.includes(zone));
	},

	/* The switch that opens the firewall's zones to the Internet. */
	addReachable: function(section) {
		const option = section.option(form.Flag, '_reachable', _('Reachable from the Internet'),
			_('On: phones on the road can register, and callers from anywhere can ring. Strangers will try numbers and passwords. Off: only phones in this house and the nodes of the mesh.'));
		option.cfgvalue = id => uci.get('bellhop', id, 'internet') == '1' || this.isOutside([].concat(uci.get('bellhop', id, 'firewall_zone') || [])) ? '1' : '0';
		option.write = (id, value) => this.setReachable(id, value == '1');
		option.rmempty = false;
	},

	setReachable: function(id, wanted) {
		const zones = [].concat(uci.get('bellhop', id, 'firewall_zone') || []);
		const inside = zones.filter(zone => !outside.includes(zone));
		if (!wanted && inside.length < zones.length)
			uci.set('bellhop', id, 'firewall_zone', inside.length ? inside : [ 'lan' ]);
		uci.set('bellhop', id, 'internet', wanted ? '1' : '0');
		uci.set('bellhop', id, 'strangers', wanted ? 'allow' : 'refuse');
	},

	/* One problem as the node tells it, in a sentence; link: whether it leads to its page. */
	problem: function(row, link) {
		const where = whereOf(row), words = Object.hasOwn(WRONG, row.what) ? WRONG[row.what] : api.said(row.wrong);
		return E('span', [ where ? E('strong', [ where + ': ' ]) : '', words, ' ', link && KINDS[row.kind] ? api.link(KINDS[row.kind][1], _('Mend it')) : '' ]);
	},

	/* A place that tells what the node thinks of sections of some kinds. */
	verdict: function(poll, kinds) {
		const place = E('div'), show = () => api.ask('problems').then(answer => place.replaceChildren(...(answer.problems || [])
			.filter(row => kinds.includes(row.kind)).map(row => E('div', { 'class': 'alert-message warning' }, [ this.problem(row) ]))));
		poll.add(show, 5);
		show();
		return place;
	},

	/* Lets Delete ask where something else names what is deleted, and take it out there too. */
	careful: function(section) {
		const handleRemove = section.handleRemove;
		section.handleRemove = function(id, ev) {
			const one = uci.get('bellhop', id), names = namesOf(one), found = mentions(names);
			const really = () => handleRemove.call(this, id, ev);
			return !found.length ? really() : new Promise(resolve => api.modal(_('Delete %s?').format(one.display_name || names[0]), [
				E('p', [ _('It is named here too, and will be taken out there:') ]),
				E('ul', found.map(row => E('li', [ row[2] ])))
			], E('button', { 'class': 'btn cbi-button-negative', 'click': () => {
				ui.hideModal();
				removeMentions(names, found);
				resolve(really());
			} }, [ _('Delete it everywhere') ])));
		};
	}
});
