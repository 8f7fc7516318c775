#!/usr/bin/perl
# Client certificates beside Debian's Postfix, over real TLS sessions: who may
# relay (R-42, S-162, I-22), check_ccert_access, smtpd_tls_req_ccert, what a
# policy service is told, the log and the Received: header.
use strict;
use warnings;

use FindBin qw($Bin);
use IO::Select;
use IO::Socket::INET;
use Test::More;
use lib "$Bin/lib";
use Weir::Beside;

my $why = Weir::Beside::enter();
plan skip_all => $why if $why;

my $dir = "$ENV{WEIR_BESIDE}/files";
my $key = "-nodes -newkey ec -pkeyopt ec_paramgen_curve:P-256";

mkdir $dir;
chmod 0755, $ENV{WEIR_BESIDE}, $dir;

sub openssl {
	system("cd $dir && openssl @_ >>openssl.log 2>&1") == 0
	    or die "openssl @_: " . `tail $dir/openssl.log`;
}

# A certificate NAME.crt and its key, signed by that of $by, or by itself.
sub certificate {
	my ($name, $subject, $by, $options) = @_;

	return openssl("req -x509 $key -days 2 -utf8 -subj '$subject'",
	    "-keyout $name.key -out $name.crt") if !$by;
	openssl("req $key -utf8 -subj '$subject' -keyout $name.key",
	    "-out $name.csr");
	openssl("x509 -req -in $name.csr -CA $by.crt -CAkey $by.key",
	    "-CAcreateserial", $options || "-days 2", "-out $name.crt");
}

# Its fingerprint, and that of its public key, as OpenSSL writes them.
sub prints {
	my ($name, $digest) = @_;
	my ($print) = `openssl x509 -in $dir/$name.crt -noout -fingerprint -$digest`
	    =~ /=([0-9A-F:]+)/;
	my ($pubkey) = `openssl x509 -in $dir/$name.crt -noout -pubkey |
	    openssl pkey -pubin -outform DER | openssl dgst -$digest -c`
	    =~ /= ([0-9a-f:]+)/;

	return ($print, uc $pubkey);
}

sub write_file { Weir::Postfix::write_file("$dir/$_[0]", $_[1]) }

write_file("ca.ext", "basicConstraints = critical, CA:TRUE\n");
write_file("server.ext", "extendedKeyUsage = serverAuth\n");
certificate("ca", "/O=Tests/CN=Test CA");
certificate("noname", "/O=Nameless Authority");
certificate("stranger", "/CN=Another CA");
certificate("server", "/CN=mail.example.com", "ca");
certificate("good", "/CN=client.example", "ca");
certificate("odd", "/CN=J\xc3\xbcrgen + Co = \"x\"", "ca");
certificate("silent", "/O=no name/OU=at all", "noname");
certificate("expired", "/CN=old.example", "ca", "-days -1");
certificate("foreign", "/CN=client.example", "stranger");
certificate("self", "/CN=self.example");
certificate("inner", "/CN=Inner CA", "ca", "-days 2 -extfile ca.ext");
certificate("deep", "/CN=deep.example", "inner");
certificate("wrong", "/CN=server.example", "ca", "-days 2 -extfile server.ext");
certificate("innermost", "/CN=Innermost CA", "inner", "-days 2 -extfile ca.ext");
certificate("deeper", "/CN=deeper.example", "innermost");
system("cat $dir/innermost.crt $dir/inner.crt >>$dir/deeper.crt") == 0 or die;
system("cat $dir/inner.crt >>$dir/deep.crt") == 0 or die;
chmod 0644, glob "$dir/*";
write_file("cas.pem", join "", map { `openssl x509 -in $dir/$_.crt` }
    "ca", "noname");

my %print;
for my $name ("good", "self", "expired", "foreign", "odd", "silent") {
	for my $digest ("sha256", "md5", "sha1") {
		@print{"$name-$digest", "$name-key-$digest"} =
		    prints($name, $digest);
	}
}

# A policy server: it rejects with what it was told of the certificate.
my $listener = IO::Socket::INET->new(LocalAddr => "127.0.0.1",
    LocalPort => 10999, Listen => 10, ReuseAddr => 1) or die "$!";
my $server = fork // die;
if ($server == 0) {
	my $select = IO::Select->new($listener);
	while (my @ready = $select->can_read) {
		for my $s (@ready) {
			if ($s == $listener) {
				$select->add($listener->accept);
				next;
			}
			my $text = "";
			1 while $text !~ /\n\n/ &&
			    sysread $s, $text, 4096, length $text;
			if ($text eq "") {
				$select->remove($s);
				close $s;
				next;
			}
			my @told = grep { /^(ccert|encryption)_/ }
			    split /\n/, $text;
			syswrite $s, "action=REJECT @told\n\n";
		}
	}
	POSIX::_exit(0);
}
close $listener;

my $cases = do { local $/; <DATA> };
$cases =~ s/<([a-z]+(?:-key)?-(?:sha256|md5|sha1))>/$print{$1} || die $1/ge;

my $both = Weir::Beside->new(world => "a.tst A 192.0.2.1\n",
    programs => qr/(?:smtpd|cleanup)/, main => <<'EOT', cases => $cases);
header_checks = regexp:{{/^Received:.*TLS/ WARN}}
myhostname = mail.example.com
relay_domains = relay.example
relay_transport = discard:
default_transport = discard:
relay_recipient_maps =
mynetworks = 10.0.0.0/8
smtpd_relay_restrictions =
smtpd_recipient_restrictions = reject
smtpd_tls_security_level = may
smtpd_tls_cert_file = $dir/server.crt
smtpd_tls_key_file = $dir/server.key
smtpd_tls_CAfile = $dir/cas.pem
smtpd_tls_loglevel = 1
EOT
$both->compare(drop => qr/message-id=|See\ earlier\ parsing|
    unknown\ (?:search\ type|map\ attribute)|Can't\ require\ client/x);
for my $text ("unknown search type 'name' in '{ inline:",
    qr/unknown map attribute in '\{ inline:.*\}': 'search_orders'/,
    "Can't require client certs unless TLS is required") {
	like $both->{$_}->log, ref $text ? $text : qr/\Q$text/, "$_: $text"
	    for "postfix", "weir";
}
kill "TERM", $server;
waitpid $server, 0;
$both->finish;

__DATA__
== R-42, S-162: the fingerprint of a certificate, and of a key
= smtpd_tls_ask_ccert = yes
= relay_clientcerts = inline:{ { <good-sha256> = x } { <self-key-sha256> = x } }
= smtpd_recipient_restrictions = permit_mynetworks, permit_tls_clientcerts, reject_unauth_destination
ehlo a
mail a@b.tst
rcpt x@far.example
rset
tls good
ehlo a
mail a@b.tst
rcpt x@far.example
data
== that of a key, of a certificate that is its own authority
= smtpd_tls_ask_ccert = yes
= relay_clientcerts = inline:{ { <good-sha256> = x } { <self-key-sha256> = x } }
= smtpd_recipient_restrictions = permit_mynetworks, permit_tls_clientcerts, reject_unauth_destination
tls self
ehlo a
mail a@b.tst
rcpt x@far.example
== a certificate that is not listed, though trusted
= smtpd_tls_ask_ccert = yes
= relay_clientcerts = inline:{ { <good-sha256> = x } { <self-key-sha256> = x } }
= smtpd_recipient_restrictions = permit_mynetworks, permit_tls_clientcerts, reject_unauth_destination
tls odd
ehlo a
mail a@b.tst
rcpt x@far.example
rcpt x@relay.example
== none, where they are asked for
= smtpd_tls_ask_ccert = yes
= smtpd_tls_received_header = yes
= relay_clientcerts = inline:{ { <good-sha256> = x } { <self-key-sha256> = x } }
= smtpd_recipient_restrictions = permit_tls_clientcerts, permit_tls_all_clientcerts, check_ccert_access inline:{{ x = OK }}, reject_unauth_destination
tls
ehlo a
mail a@b.tst
rcpt x@far.example
rcpt x@relay.example
data
== not asked for: Postfix says so
= smtpd_tls_received_header = yes
= relay_clientcerts = inline:{ { <good-sha256> = x } }
= smtpd_recipient_restrictions = permit_tls_clientcerts, permit_tls_all_clientcerts, check_ccert_access inline:{{ x = OK }}, reject_unauth_destination
ehlo a
mail a@b.tst
rcpt x@relay.example
rset
tls good
ehlo a
mail a@b.tst
rcpt x@relay.example
rcpt x@far.example
data
== all that are trusted
= smtpd_tls_ask_ccert = yes
= smtpd_recipient_restrictions = permit_tls_all_clientcerts, reject
tls good
ehlo a
mail a@b.tst
rcpt x@far.example
== all that are trusted: expired
= smtpd_tls_ask_ccert = yes
= smtpd_recipient_restrictions = permit_tls_all_clientcerts, reject
tls expired
ehlo a
mail a@b.tst
rcpt x@far.example
== all that are trusted: of an unknown authority
= smtpd_tls_ask_ccert = yes
= smtpd_recipient_restrictions = permit_tls_all_clientcerts, reject
tls foreign
ehlo a
mail a@b.tst
rcpt x@far.example
== all that are trusted: its own authority
= smtpd_tls_ask_ccert = yes
= smtpd_recipient_restrictions = permit_tls_all_clientcerts, reject
tls self
ehlo a
mail a@b.tst
rcpt x@far.example
== all that are trusted, and those that are listed
= smtpd_tls_ask_ccert = yes
= relay_clientcerts = inline:{ { <expired-sha256> = x } }
= smtpd_recipient_restrictions = permit_tls_all_clientcerts, reject
tls expired
ehlo a
mail a@b.tst
rcpt x@far.example
== an intermediate authority
= smtpd_tls_ask_ccert = yes
= smtpd_recipient_restrictions = permit_tls_all_clientcerts, reject
tls deep
ehlo a
mail a@b.tst
rcpt x@far.example
== two intermediate authorities, and their limit
= smtpd_tls_ask_ccert = yes
= smtpd_tls_ccert_verifydepth = 1
= smtpd_recipient_restrictions = permit_tls_all_clientcerts, reject
tls deeper
ehlo a
mail a@b.tst
rcpt x@far.example
== two intermediate authorities, one too many
= smtpd_tls_ask_ccert = yes
= smtpd_tls_ccert_verifydepth = 0
= smtpd_recipient_restrictions = permit_tls_all_clientcerts, reject
tls deeper
ehlo a
mail a@b.tst
rcpt x@far.example
== without authorities
= smtpd_tls_ask_ccert = yes
= smtpd_tls_CAfile =
= relay_clientcerts = inline:{ { <good-sha256> = x } }
= smtpd_recipient_restrictions = permit_tls_clientcerts, reject
tls good
ehlo a
mail a@b.tst
rcpt x@far.example
== relay_clientcerts cannot be asked
= smtpd_tls_ask_ccert = yes
= relay_clientcerts = fail:nothing
= smtpd_recipient_restrictions = permit_tls_clientcerts, reject
tls good
ehlo a
mail a@b.tst
rcpt x@far.example
== the digest of old: md5
= smtpd_tls_ask_ccert = yes
= smtpd_tls_fingerprint_digest = md5
= relay_clientcerts = inline:{ { <good-md5> = x } }
= smtpd_recipient_restrictions = permit_tls_clientcerts, check_ccert_access inline:{{ <self-key-md5> = REJECT this one }}, reject
tls good
ehlo a
mail a@b.tst
rcpt x@far.example
== the digest of old: md5, and another certificate
= smtpd_tls_ask_ccert = yes
= smtpd_tls_fingerprint_digest = md5
= smtpd_recipient_restrictions = check_ccert_access inline:{{ <self-key-md5> = REJECT this one }}, reject
tls self
ehlo a
mail a@b.tst
rcpt x@far.example
== the digest: sha1
= smtpd_tls_ask_ccert = yes
= smtpd_tls_fingerprint_digest = sha1
= smtpd_recipient_restrictions = check_ccert_access inline:{{ <good-sha1> = REJECT this one }}, reject
tls good
ehlo a
mail a@b.tst
rcpt x@far.example
== check_ccert_access: the certificate before the key
= smtpd_tls_ask_ccert = yes
= smtpd_recipient_restrictions = check_ccert_access inline:{{ <good-sha256> = REJECT cert } { <good-key-sha256> = REJECT key }}, reject_unauth_destination
tls good
ehlo a
mail a@b.tst
rcpt x@relay.example
== check_ccert_access: DUNNO for the certificate
= smtpd_tls_ask_ccert = yes
= smtpd_recipient_restrictions = check_ccert_access inline:{{ <good-sha256> = DUNNO } { <good-key-sha256> = REJECT key }}, reject_unauth_destination
tls good
ehlo a
mail a@b.tst
rcpt x@relay.example
== check_ccert_access: search_order, the key only
= smtpd_tls_ask_ccert = yes
= smtpd_recipient_restrictions = check_ccert_access { inline:{{ <good-sha256> = REJECT cert } { <good-key-sha256> = REJECT key }}, { search_order = pubkey_fingerprint } }, reject_unauth_destination
tls good
ehlo a
mail a@b.tst
rcpt x@relay.example
== check_ccert_access: search_order, the key first
= smtpd_tls_ask_ccert = yes
= smtpd_recipient_restrictions = check_ccert_access { inline:{{ <good-sha256> = REJECT cert } { <good-key-sha256> = REJECT key }}, { search_order = pubkey_fingerprint, cert_fingerprint } }, reject_unauth_destination
tls good
ehlo a
mail a@b.tst
rcpt x@relay.example
== check_ccert_access: search_order, the certificate only
= smtpd_tls_ask_ccert = yes
= smtpd_recipient_restrictions = check_ccert_access { inline:{{ <good-key-sha256> = REJECT key }}, { search_order = cert_fingerprint } }, reject_unauth_destination
tls good
ehlo a
mail a@b.tst
rcpt x@relay.example
== check_ccert_access: a word that search_order does not know
= smtpd_tls_ask_ccert = yes
= smtpd_recipient_restrictions = check_ccert_access { inline:{{ <good-key-sha256> = REJECT key }}, { search_order = name } }, reject_unauth_destination
tls good
ehlo a
mail a@b.tst
rcpt x@relay.example
== check_ccert_access: a setting that it does not know
= smtpd_tls_ask_ccert = yes
= smtpd_recipient_restrictions = check_ccert_access { inline:{{ <good-key-sha256> = REJECT key }}, { search_orders = cert_fingerprint } }, reject_unauth_destination
tls good
ehlo a
mail a@b.tst
rcpt x@relay.example
== check_ccert_access: of one that nobody trusts
= smtpd_tls_ask_ccert = yes
= smtpd_client_restrictions = check_ccert_access inline:{{ <foreign-sha256> = REJECT foreign }}
= smtpd_recipient_restrictions = reject_unauth_destination
tls foreign
ehlo a
mail a@b.tst
rcpt x@relay.example
== check_ccert_access: a name that is no host's
= smtpd_tls_ask_ccert = yes
= smtpd_helo_restrictions = check_ccert_access inline:{{ <odd-sha256> = 421 4.7.0 not you }}
= smtpd_recipient_restrictions = reject_unauth_destination
tls odd
ehlo a
mail a@b.tst
rcpt x@relay.example
== check_ccert_access: no name
= smtpd_tls_ask_ccert = yes
= smtpd_sender_restrictions = check_ccert_access inline:{{ <silent-sha256> = REJECT nobody }}
= smtpd_recipient_restrictions = reject_unauth_destination
tls silent
ehlo a
mail a@b.tst
rcpt x@relay.example
== check_ccert_access: cannot be asked
= smtpd_tls_ask_ccert = yes
= smtpd_recipient_restrictions = check_ccert_access fail:nothing, reject_unauth_destination
tls good
ehlo a
mail a@b.tst
rcpt x@relay.example
== smtpd_tls_req_ccert: a trusted one
= smtpd_tls_security_level = encrypt
= smtpd_tls_req_ccert = yes
= smtpd_recipient_restrictions = reject_unauth_destination
ehlo a
mail a@b.tst
tls good
ehlo a
mail a@b.tst
rcpt x@relay.example
== smtpd_tls_req_ccert: none
= smtpd_tls_security_level = encrypt
= smtpd_tls_req_ccert = yes
tls
noop
== smtpd_tls_req_ccert: none, TLS 1.2
= smtpd_tls_security_level = encrypt
= smtpd_tls_req_ccert = yes
tls - TLSv1_2
noop
== smtpd_tls_req_ccert: expired
= smtpd_tls_security_level = encrypt
= smtpd_tls_req_ccert = yes
tls expired
noop
== smtpd_tls_req_ccert: of an unknown authority
= smtpd_tls_security_level = encrypt
= smtpd_tls_req_ccert = yes
tls foreign
noop
== smtpd_tls_req_ccert: its own authority, and nothing is logged of TLS
= smtpd_tls_security_level = encrypt
= smtpd_tls_req_ccert = yes
= smtpd_tls_loglevel = 0
tls self
noop
== smtpd_tls_req_ccert: a server's certificate
= smtpd_tls_security_level = encrypt
= smtpd_tls_req_ccert = yes
tls wrong
noop
== smtpd_tls_req_ccert: too many authorities
= smtpd_tls_security_level = encrypt
= smtpd_tls_req_ccert = yes
= smtpd_tls_ccert_verifydepth = 0
tls deeper
noop
== smtpd_tls_req_ccert: an unknown authority of an authority
= smtpd_tls_security_level = encrypt
= smtpd_tls_req_ccert = yes
= smtpd_tls_CAfile = $dir/stranger.crt
tls deep
noop
== smtpd_tls_req_ccert: where TLS is not required
= smtpd_tls_req_ccert = yes
= smtpd_tls_received_header = yes
= smtpd_recipient_restrictions = permit_tls_all_clientcerts, reject_unauth_destination
tls good
ehlo a
mail a@b.tst
rcpt x@relay.example
data
== wrapper mode: a trusted certificate
= smtpd_tls_wrappermode = yes
= smtpd_tls_ask_ccert = yes
= smtpd_tls_received_header = yes
= smtpd_recipient_restrictions = permit_tls_all_clientcerts, reject
wrapped good
ehlo a
mail a@b.tst
rcpt x@far.example
data
== wrapper mode: it must be trusted
= smtpd_tls_wrappermode = yes
= smtpd_tls_req_ccert = yes
wrapped foreign
noop
== wrapper mode: a listed one
= smtpd_tls_wrappermode = yes
= smtpd_tls_ask_ccert = yes
= relay_clientcerts = inline:{ { <foreign-key-sha256> = x } }
= smtpd_recipient_restrictions = permit_tls_clientcerts, reject
wrapped foreign
ehlo a
mail a@b.tst
rcpt x@far.example
== what a policy service is told: a trusted certificate
= smtpd_tls_ask_ccert = yes
= smtpd_recipient_restrictions = check_policy_service inet:127.0.0.1:10999, reject_unauth_destination
tls good
ehlo a
mail a@b.tst
rcpt x@relay.example
== what a policy service is told: names that need quoting
= smtpd_tls_ask_ccert = yes
= smtpd_recipient_restrictions = check_policy_service inet:127.0.0.1:10999, reject_unauth_destination
tls odd
ehlo a
mail a@b.tst
rcpt x@relay.example
== what a policy service is told: no name
= smtpd_tls_ask_ccert = yes
= smtpd_recipient_restrictions = check_policy_service inet:127.0.0.1:10999, reject_unauth_destination
tls silent
ehlo a
mail a@b.tst
rcpt x@relay.example
== what a policy service is told: not trusted
= smtpd_tls_ask_ccert = yes
= smtpd_recipient_restrictions = check_policy_service inet:127.0.0.1:10999, reject_unauth_destination
tls foreign
ehlo a
mail a@b.tst
rcpt x@relay.example
== what a policy service is told: TLS without a certificate, TLS 1.2
= smtpd_tls_ask_ccert = yes
= smtpd_recipient_restrictions = check_policy_service inet:127.0.0.1:10999, reject_unauth_destination
tls - TLSv1_2
ehlo a
mail a@b.tst
rcpt x@relay.example
== what a policy service is told: no TLS
= smtpd_tls_ask_ccert = yes
= smtpd_recipient_restrictions = check_policy_service inet:127.0.0.1:10999, reject_unauth_destination
ehlo a
mail a@b.tst
rcpt x@relay.example
== Received: a trusted client
= smtpd_tls_ask_ccert = yes
= smtpd_tls_received_header = yes
= smtpd_recipient_restrictions = reject_unauth_destination
tls good
ehlo a
mail a@b.tst
rcpt x@relay.example
data
== Received: one that is not
= smtpd_tls_ask_ccert = yes
= smtpd_tls_received_header = yes
= smtpd_recipient_restrictions = reject_unauth_destination
tls foreign TLSv1_2
ehlo a
mail a@b.tst
rcpt x@relay.example
data
== Received: a name that needs quoting
= smtpd_tls_ask_ccert = yes
= smtpd_tls_received_header = yes
= smtpd_recipient_restrictions = reject_unauth_destination
tls odd
ehlo a
mail a@b.tst
rcpt x@relay.example
data
== Received: no name
= smtpd_tls_ask_ccert = yes
= smtpd_tls_received_header = yes
= smtpd_recipient_restrictions = reject_unauth_destination
tls silent
ehlo a
mail a@b.tst
rcpt x@relay.example
data
== XCLIENT within TLS
= smtpd_tls_ask_ccert = yes
= smtpd_recipient_restrictions = permit_tls_all_clientcerts, check_policy_service inet:127.0.0.1:10999, reject_unauth_destination
tls good
client x.tst 192.0.2.1
ehlo a
mail a@b.tst
rcpt x@far.example
