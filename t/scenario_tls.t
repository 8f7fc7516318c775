#!/usr/bin/perl
# The scenarios of the founding documents about TLS that need no login: offered
# to clients, used towards Debian's Postfix and a server without it (P-125 to
# P-129, P-131, P-132, P-155, P-157 to P-162, P-164).
use strict;
use warnings;

use lib "t/lib";
use File::Temp qw(tempdir);
use Test::More;
use Weir::Postfix;
use Weir::Scenario;
use Weir::Users;

plan skip_all => "no openssl here" if system("openssl version >/dev/null 2>&1");
plan skip_all => "no Postfix here" if !-x "/usr/sbin/postfix";
my $why = Weir::Users::enter();
plan skip_all => $why if $why;

my $keys = tempdir("weir-keys-XXXXXX", TMPDIR => 1, CLEANUP => 1);
chmod 0755, $keys;
sub openssl {
	system("cd $keys && openssl @_ >openssl.log 2>&1") == 0
	    or die `cat $keys/openssl.log`;
}
for my $ca ("ca", "other") {
	openssl("req -x509 -nodes -newkey ec -pkeyopt ec_paramgen_curve:P-256",
	    "-days 2 -subj /CN=$ca -keyout $ca.key -out $ca.pem");
}
for (["server", "ca"], ["client", "ca"], ["stranger", "other"]) {
	my ($name, $ca) = @$_;
	openssl("req -nodes -newkey ec -pkeyopt ec_paramgen_curve:P-256",
	    "-subj /CN=$name.example -keyout $name.key -out $name.csr");
	openssl("x509 -req -in $name.csr -CA $ca.pem -CAkey $ca.key",
	    "-CAcreateserial -days 2 -out $name.pem");
}
mkdir "$keys/authorities";
system("cp", "$keys/ca.pem", "$keys/authorities");
system("openssl rehash $keys/authorities >/dev/null 2>&1");
chmod 0644, glob "$keys/*.*";

my $w = Weir::Scenario->new(base => <<'EOT', start => 0);
mynetworks = 192.0.2.1
relay_domains = far.example
relay_recipient_maps =
transport_maps = inline:{far.example=smtp:[127.0.0.1]:${port:sink}}
EOT
my $dir = $w->{dir};
my $n = 0;
$w->sink("sink");

# The Received: line of a message of a client with that certificate.
sub received {
	my ($cert) = @_;
	my $id = "tls-" . ++$n;
	my $c = $w->smtp;

	$c->cmd("EHLO client.example");
	is $c->cmd("STARTTLS"), "220 2.0.0 Ready to start TLS", "STARTTLS";
	like $c->tls(cert => "$keys/$cert.pem", key => "$keys/$cert.key"),
	    qr/^TLS/, "a session with the certificate $cert";
	$c->deliver(to => 'a@far.example',
	    data => "Subject: $id.\r\n\r\nx\r\n");
	my ($m) = $w->wait_for(sub {
		return (grep { /^Subject: \Q$id\E\./m }
		    $w->messages("$dir/sink", 0))[0];
	});
	return $m =~ /^(Received: .*(?:\n[ \t].*)*)/m ? $1 : "";
}

my $server = <<"EOT";
smtpd_tls_key_file = $keys/server.key
smtpd_tls_cert_file = $keys/server.pem
smtpd_tls_received_header = yes
smtpd_tls_ask_ccert = yes
EOT

subtest "S-160, S-161, S-217, S-198: TLS for clients" => sub {
	for my $case (["smtpd_use_tls = yes\nsmtpd_tls_CAfile = $keys/ca.pem\n",
		"S-160: smtpd_use_tls, S-161: CAfile"],
	    ["smtpd_tls_security_level = may\n" .
		"smtpd_tls_CApath = $keys/authorities\n",
		"S-217: smtpd_tls_security_level = may, S-161: CApath"]) {
		my ($set, $what) = @$case;

		$w->restart($server . $set);
		like $w->smtp->cmd("EHLO x"), qr/^250-STARTTLS$/m,
		    "$what: offered";
		like received("client"), qr/\(using TLSv1\.\d with cipher \S+ .*\)\r?\n.*\(Client CN "client\.example", Issuer "ca" \(verified OK\)\)/s,
		    "$what: a certificate of that authority; S-198: in Received:";
		like received("stranger"), qr/\(Client CN "stranger\.example", Issuer "other" \(not verified\)\)/,
		    "$what: one of another";
	}
	$w->restart("");
	unlike $w->smtp->cmd("EHLO x"), qr/STARTTLS/, "none without it";
};

subtest "S-219: TLS from the first octet" => sub {
	my $service = <<'EOT';
 inet n - n - - smtpd
  -o syslog_name=postfix/smtps
  -o smtpd_tls_wrappermode=yes
  -o smtpd_reject_unlisted_recipient=no
  -o smtpd_recipient_restrictions=
  -o smtpd_relay_restrictions=permit_mynetworks,reject
  -o milter_macro_daemon_name=ORIGINATING
EOT
	my $port = $w->port("smtps");
	$w->restart($server, master => "127.0.0.1:$port$service");
	my $c = Weir::Client->new($port, silent => 1);
	like $c->tls, qr/^TLS/, "no word before it";
	like $c->reply, qr/^220 mail\.example\.com ESMTP/, "then the greeting";
	is $c->cmd("EHLO x") =~ /STARTTLS/ ? 1 : 0, 0, "no STARTTLS in it";
	$c->cmd("QUIT");
	ok $w->wait_log(qr{ postfix/smtps/smtpd\[\d+\]: connect from }),
	    "under its own name in the log";
	$w->configure(main => $w->with_base($server),
	    master => "127.0.0.1:no-such-service$service");
	like +($w->command("check"))[1],
	    qr/master\.cf:\d+: .*no-such-service/, "a name of no port (O-44)";
};

my $postfix = Weir::Postfix->start("$dir/postfix",
    port => $w->port("postfix"), main => <<"EOT");
smtpd_tls_security_level = may
smtpd_tls_key_file = $keys/server.key
smtpd_tls_cert_file = $keys/server.pem
smtpd_tls_CAfile = $keys/ca.pem
smtpd_tls_ask_ccert = yes
smtpd_tls_loglevel = 1
smtpd_tls_received_header = yes
default_transport = smtp:[127.0.0.1]:${\ $w->port("sink")}
EOT

# Send it to Postfix, or to the sink, which has no TLS; what the log says.
sub sent {
	my ($to, $id) = @_;
	my $reply = $w->send_mail(to => $to,
	    data => "Subject: $id.\r\n\r\nx\r\n");
	my ($qid) = $reply =~ /queued as (\w+)$/;

	ok defined $qid, "mail to $to" or diag $reply;
	$qid //= "none";
	return $w->wait_log(qr/: $qid: to=<.*(dsn=.*)/) // "";
}

my $hops = <<'EOT';
mynetworks = 127.0.0.0/8
transport_maps = inline:{
    { tls.example = smtp:[127.0.0.1]:${port:postfix} },
    { far.example = smtp:[127.0.0.1]:${port:sink} } }
EOT

subtest "S-163, S-198: a certificate of ours" => sub {
	$w->restart($hops . <<"EOT", without => ["smtp_tls_security_level"]);
smtp_use_tls = yes
smtp_tls_key_file = $keys/client.key
smtp_tls_cert_file = $keys/client.pem
smtp_tls_CAfile = $keys/ca.pem
smtp_tls_note_starttls_offer = yes
smtp_starttls_timeout = 300s
tls_random_source = dev:/dev/urandom
EOT
	like sent('a@tls.example', "certified"), qr/status=sent/, "sent";
	my ($m) = $w->wait_for(sub {
		return (grep { /^Subject: certified\./m }
		    $w->messages("$dir/sink", 0))[0];
	});
	like $m, qr/\(Client CN "client\.example", Issuer "ca" \(verified OK\)\)/,
	    "S-163: TLS, and the certificate that Postfix asked for";
};

subtest "S-216: may and encrypt" => sub {
	$w->restart($hops . "smtp_tls_security_level = may\n");
	like sent('a@tls.example', "may"), qr/status=sent/, "may: with TLS";
	my ($m) = $w->wait_for(sub {
		return (grep { /^Subject: may\./m }
		    $w->messages("$dir/sink", 0))[0];
	});
	like $m, qr/\(using TLSv1\.\d /, "may: it was TLS";
	like sent('a@far.example', "plain"), qr/status=sent/, "may: without";
	$w->restart($hops . "smtp_tls_security_level = encrypt\n");
	like sent('b@tls.example', "encrypt"), qr/status=sent/,
	    "encrypt: with TLS";
	like sent('b@far.example', "never"), qr/^dsn=4\.7\.4, status=deferred \(TLS is required, but was not offered by host 127\.0\.0\.1\[127\.0\.0\.1\]\)/,
	    "encrypt: not without";
};
$postfix->stop;
$w->finish;
