#!/usr/bin/perl
# local_header_rewrite_clients: whose headers are rewritten, by address, by table
# and by certificate (ADDRESS_REWRITING_README).
use strict;
use warnings;

use lib "t/lib";
use File::Temp qw(tempdir);
use Test::More;
use Weir;
use Weir::Client;

plan skip_all => "no openssl here" if system("openssl version >/dev/null 2>&1");

my $keys = tempdir(CLEANUP => 1);
chmod 0755, $keys;
sub openssl {
	system("cd $keys && openssl @_ >openssl.log 2>&1") == 0
	    or die `cat $keys/openssl.log`;
}
openssl("req -x509 -nodes -newkey ec -pkeyopt ec_paramgen_curve:P-256",
    "-days 2 -subj /CN=$_ -keyout $_.key -out $_.crt") for "ca", "other";
openssl("req -nodes -newkey ec -pkeyopt ec_paramgen_curve:P-256",
    "-subj /CN=client -keyout client.key -out client.csr");
openssl("x509 -req -in client.csr -CA ca.crt -CAkey ca.key -CAcreateserial",
    "-days 2 -out client.crt");
chmod 0644, glob "$keys/*";

my %lists = (
	none => "",
	own => "permit_inet_interfaces",
	networks => "permit_mynetworks",
	table => "check_address_map,inline:{127.0.0.1=x}",
	other => "check_address_map,inline:{192.0.2.1=x}",
	certificate => "permit_tls_all_clientcerts",
	login => "permit_sasl_authenticated",
);
my $master = join "", map { "127.0.0.1:\${port:$_} inet n - n - - smtpd" .
    " -o local_header_rewrite_clients=$lists{$_}\n" } sort keys %lists;
my $w = Weir->new(main => <<"EOT", master => $master);
myorigin = origin.example
mynetworks = 127.0.0.0/8
relay_domains = example.org
relay_recipient_maps =
relayhost = [127.0.0.1]:\${port:sink}
smtpd_tls_security_level = may
smtpd_tls_cert_file = $keys/other.crt
smtpd_tls_key_file = $keys/other.key
smtpd_tls_CAfile = $keys/ca.crt
smtpd_tls_ask_ccert = yes
EOT
my $sink = $w->sink("sink");
my $n = 0;

sub rewritten {
	my ($service, $cert) = @_;
	my $client = Weir::Client->new($w->port($service));
	my $id = ++$n;

	if (defined $cert) {
		$client->cmd("EHLO client.example");
		$client->cmd("STARTTLS");
		$client->tls($cert eq "" ? () : (cert => "$keys/$cert.crt",
		    key => "$keys/$cert.key"));
	}
	my $reply = $client->deliver(to => 'u@example.org',
	    data => "X-N: $id\r\nTo: bare\r\n\r\nx\r\n");
	return $reply if $reply !~ /^250/;
	my $m = $w->wait_for(sub {
		my ($one) = grep { /^X-N: $id\r/m } $w->messages($sink, 1);
		return $one;
	});
	return $m =~ /^To: bare\@origin.example\r$/m ? "yes"
	    : $m =~ /^To: bare\r$/m ? "no" : $m;
}

is rewritten("none"), "no", "nobody";
is rewritten("own"), "yes", "our own addresses";
is rewritten("networks"), "yes", "mynetworks";
is rewritten("table"), "yes", "a table";
is rewritten("other"), "no", "not in it";
is rewritten("login"), "no", "nobody has logged in";
is rewritten("certificate"), "no", "no TLS";
is rewritten("certificate", ""), "no", "no certificate";
is rewritten("certificate", "client"), "yes", "a certificate that we trust";
is rewritten("certificate", "other"), "no", "another one";
is $w->stop, 0, "stops cleanly";
is $w->complaints, "", "no sanitizer complains";
done_testing;
