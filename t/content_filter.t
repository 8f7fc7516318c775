#!/usr/bin/perl
# Content filters behind the queue: by SMTP and LMTP to a daemon, by pipe to a
# command, both of which give the mail back to a listener of its own
# (X-05, X-06, X-20 ... X-26, X-40 ... X-48).
use strict;
use warnings;

use lib "t/lib";
use Test::More;
use Weir;
use Weir::Filter;

my $w = Weir->new(start => 0);
my $sink = $w->sink("sink");
my $script = "$w->{dir}/simple_filt";
my ($smtp, $lmtp, $back) = map { $w->port($_) } qw(filter lmtp back);
open my $f, ">", $script or die;
print $f <<'EOT';
#!/usr/bin/perl
use Net::SMTP;
my $back = shift;
shift; my $sender = shift; shift;
my @mail = <STDIN>;
print("5.7.1 No such words here\n"), exit 69 if grep { /forbidden/ } @mail;
my $s = Net::SMTP->new("127.0.0.1:$back") or exit 75;
($s->mail($sender) && $s->to(@ARGV) && $s->data("X-Mark: pipe\n", @mail)) or exit 75;
$s->quit;
EOT
close $f;
chmod 0755, $script, $w->{dir};
my $main = <<'EOT';
relay_domains = example.org, example.com
transport_maps = inline:{example.org=smtp:[127.0.0.1]:${port:sink}}
smtpd_relay_restrictions = permit_mynetworks, reject_unauth_destination
smtpd_recipient_restrictions = check_recipient_access texthash:$dir/etc/access
virtual_alias_maps = inline:{ { both@example.org = one@example.org, two@example.org } }
header_checks = regexp:$dir/etc/header_checks
filter_destination_recipient_limit = 10
EOT
my $master = <<"EOM";
127.0.0.1:\${port:lm} inet n - n - - smtpd -o content_filter=lmtpfilter:inet:127.0.0.1:$lmtp
127.0.0.1:\${port:piped} inet n - n - - smtpd -o content_filter=filter:dummy
127.0.0.1:\${port:plain} inet n - n - - smtpd
127.0.0.1:\${port:bare} inet n - n - - smtpd -o content_filter=chkmsg
127.0.0.1:$back inet n - n - 10 smtpd
  -o content_filter= -o local_recipient_maps= -o mynetworks=127.0.0.0/8
  -o smtpd_client_restrictions= -o smtpd_helo_restrictions=
  -o smtpd_sender_restrictions= -o smtpd_relay_restrictions=
  -o smtpd_recipient_restrictions=permit_mynetworks,reject
  -o receive_override_options=no_address_mappings,no_header_body_checks
chkmsg unix - - n - 10 smtp -o myhostname=localhost -o smtp_send_xforward_command=yes
lmtpfilter unix - - n - 10 lmtp
filter unix - n n - 10 pipe
  flags=Rq user=nobody argv=$script $back -f \${sender} -- \${recipient}
EOM
my @listener = (smtpd => "  -o content_filter=chkmsg:[127.0.0.1]:$smtp");
$w->configure(@listener, main => $main, master => $master, files => {
	access => "held\@example.org FILTER filter:dummy\nnext\@example.org FILTER chkmsg:\n",
	header_checks => "/^Subject: use the pipe/ FILTER filter:dummy\n",
});
$w->dns("example.org" => "");
$w->start;
$w->peer(sub { Weir::Filter::serve($smtp, $back, mark => "smtp") });
$w->peer(sub { Weir::Filter::serve($lmtp, $back, mark => "lmtp", lmtp => 1) });
$w->wait_port($_) for $smtp, $lmtp;

sub delivered { return map { s/\r//gr } $w->messages($sink, 0) }

# The message as it came to the sink, by its subject.
sub arrived {
	my ($subject, %arg) = @_;
	my $c = $w->smtp($arg{port});

	like $c->deliver(from => 'me@example.net', to => $arg{to} // 'user@example.org',
	    data => "Subject: $subject\r\n\r\n" . ($arg{body} // "text") . "\r\n"),
	    qr/^250/, "$subject: taken";
	return undef if $arg{lost};
	return $w->wait_for(sub {
		my ($m) = grep { /^Subject: \Q$subject\E$/m } delivered();
		return $m;
	});
}

my $m = arrived("by SMTP");
like $m, qr/^X-Mark: smtp \[NAME=\S+ ADDR=127\.0\.0\.1.*\]$/m, "marked, and told of the client";
is scalar(() = $m =~ /^X-Mark/mg), 1, "once: no loop (X-06)";
is scalar(() = $m =~ /^Received: /mg), 2, "two times through the gateway";
like arrived("by LMTP", port => $w->{ports}{lm}), qr/^X-Mark: lmtp$/m, "marked";
like arrived("by pipe", port => $w->{ports}{piped}),
    qr/^X-Mark: pipe$/m, "marked";
my $plain = arrived("no filter", port => $w->{ports}{plain});
unlike $plain, qr/^X-Mark/m, "not marked";
like arrived("access", port => $w->{ports}{plain}, to => 'held@example.org'),
    qr/^X-Mark: pipe$/m, "FILTER of an access table";
like arrived("use the pipe"), qr/^X-Mark: pipe$/m,
    "FILTER of header_checks overrides content_filter; not seen again on the way back";

# Expanded before the filter, and not again behind it.
arrived("two of them", to => 'both@example.org');
ok $w->wait_for(sub {
	my @to = map { /^X-To: (.*)/mg } grep { /^Subject: two of them$/m } delivered();
	return join(" ", sort @to) =~ /^<?one\@example\.org>? <?two\@example\.org>?$/;
}), "both recipients, each once";

arrived("forbidden", port => $w->{ports}{piped}, lost => 1, body => "forbidden");
ok $w->wait_log(qr/relay=filter, .*dsn=5\.7\.1, status=bounced \(No such words here \)/),
    "a filter refuses";
arrived("next hop", port => $w->{ports}{plain}, to => 'next@example.org', lost => 1);
ok $w->wait_log(qr/relay=none, .*status=\w+ \(.*example\.org/),
    "without a next hop: the recipient's domain";
my ($status) = $w->reconfigure(@listener, master => $master,
    main => $main . "default_filter_nexthop = [127.0.0.1]:$smtp\n");
is $status, 0, "reload";
like arrived("default next hop", port => $w->{ports}{bare}), qr/^X-Mark: smtp /m,
    "default_filter_nexthop, without a colon";
is $w->stop, 0, "ends in peace";
is $w->complaints, "", "no complaints";
done_testing;
