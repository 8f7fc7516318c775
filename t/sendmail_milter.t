#!/usr/bin/perl
# Sendmail has Weir as a milter: refusals, each recipient's class, and what is
# done with a message, as Sendmail queues it.
use strict;
use warnings;

use FindBin qw($Bin);
use Test::More;
use lib "$Bin/lib";
use Weir;
use Weir::Sendmail;

plan skip_all => "not root" if $> != 0;
plan skip_all => "no m4" if !-x "/usr/bin/m4";
plan skip_all => "no name spaces"
    if system("unshare --mount --uts true 2>/dev/null") != 0;
my $w = Weir->new(start => 0);
my $root = Weir::Sendmail->unpack("$w->{dir}/sendmail")
    or plan skip_all => "Sendmail's packages cannot be had";
my ($milter, $smtp) = map { $w->port($_) } qw(milter smtp2);
$w->configure(main => <<'EOT', files => { users => <<'EOU', header => <<'EOH', body => <<'EOB' }, master => <<EOM);
smtpd_restriction_classes = spamhater
spamhater = check_sender_access inline:{{spam@example.net = REJECT 5.7.9 100% no spam}}
smtpd_helo_restrictions = check_helo_access inline:{{bad.example = REJECT 5.7.1 your name}}
smtpd_recipient_restrictions = check_recipient_access texthash:$dir/etc/users
smtpd_data_restrictions = check_sender_access inline:{{quiet@example.net = DISCARD}}
header_checks = regexp:$dir/etc/header
body_checks = regexp:$dir/etc/body
EOT
hater@example.com spamhater
held@example.com HOLD for a look
marked@example.com PREPEND X-Marked: yes
copy@example.com BCC archive@example.com
moved@example.com REDIRECT elsewhere@example.com
ok@elsewhere.example OK
later@example.com 450 4.2.1 later
EOU
/^Subject: pills/ REJECT no pills
/^X-Drop:/ IGNORE
/^X-Old: (.*)/ REPLACE X-Old: new $1
EOH
/^secret/ REPLACE public
EOB
127.0.0.1:$milter inet n - n - - milter
EOM
$w->start;
my $sendmail = Weir::Sendmail->start($root, "$w->{dir}/sendmail",
    port => $smtp, mc => "INPUT_MAIL_FILTER(`weir', `S=inet:$milter\@127.0.0.1, F=T, T=S:60s;R:60s;E:5m')");
$w->wait_port($smtp) or diag $sendmail->said;

sub rcpt { my ($to, %arg) = @_; return scalar $w->rcpt($to, port => $smtp, %arg) }

like rcpt('user@example.com'), qr/^250 /, "a recipient" or diag $sendmail->said;
like rcpt('hater@example.com', from => 'spam@example.net'),
    qr/^554 5\.7\.9 <spam\@example\.net>: Sender address rejected: 100% no spam$/,
    "his class";
like rcpt('user@example.com', from => 'spam@example.net'), qr/^250 /,
    "another one's";
like rcpt('user@example.com', helo => "bad.example"),
    qr/^554 5\.7\.1 .*Helo command rejected: your name$/, "the HELO list";
like rcpt('later@example.com'), qr/^450 4\.2\.1 .*later$/, "not now";
like rcpt('ok@elsewhere.example', from_addr => "127.0.0.1",
    helo => "x.example"), qr/^(?:550 5\.7\.1|250 )/,
    "relaying is for Sendmail to decide";

sub post {
	my ($to, $data, %arg) = @_;
	my %before = map { $_->{name} => 1 } $sendmail->queue;
	my $reply = $w->send_mail(port => $smtp, to => $to, data => $data, %arg);
	my ($new) = grep { !$before{ $_->{name} } } $sendmail->queue;

	return ($reply, $new || { name => "", envelope => "", body => "" });
}

my $text = "Subject: x\r\n\r\nhello\r\n";
my ($reply, $got) = post('user@example.com', "Subject: pills\r\n\r\nx\r\n");
like $reply, qr/^550 5\.7\.1 no pills$/, "a header check";
is $got->{envelope}, "", "... keeps it out";
($reply, $got) = post('user@example.com', $text, from => 'quiet@example.net');
like $reply, qr/^250 /, "what is discarded is taken";
is $got->{envelope}, "", "... and forgotten";
($reply, $got) = post('marked@example.com',
    "X-Drop: 1\r\nSubject: edits\r\nX-Old: a\r\nX-Old: b\r\n c\r\n\r\none\r\nsecret\r\n");
like $reply, qr/^250 /, "edits";
like $got->{envelope}, qr/X-Marked: yes/, "PREPEND" or diag explain $got;
unlike $got->{envelope}, qr/X-Drop/, "IGNORE";
like $got->{envelope}, qr/X-Old: new a\n.*X-Old: new b\n\s+c\n/s, "REPLACE";
is $got->{body}, "one\npublic\n", "a body check";
($reply, $got) = post('held@example.com', $text);
like $got->{name}, qr{/hf}, "HOLD is its quarantine" or diag explain $got;
($reply, $got) = post('moved@example.com', $text);
like $got->{envelope}, qr/^R.*<elsewhere\@example\.com>$/m, "REDIRECT";
unlike $got->{envelope}, qr/^R.*moved\@example/m, "... to there alone";
($reply, $got) = post('copy@example.com', $text);
like $got->{envelope}, qr/^R.*<$_\@example\.com>$/m, "BCC: $_"
    for qw(copy archive);
$w->stop;
like $w->smtp($smtp)->cmd("EHLO c.example"), qr/^[24]/,
    "Sendmail answers without us";
$sendmail->stop;
is $w->complaints, "", "no complaints";

done_testing;
