#!/usr/bin/perl
# The scenarios of the founding documents about look-up tables: how they are
# made, asked and served.
use strict;
use warnings;

use lib "t/lib";
use Test::More;
use Weir::Scenario;

my $w = Weir::Scenario->new(base => <<'EOT');
relayhost = [127.0.0.1]:${port:sink}
smtpd_relay_restrictions = permit_mynetworks, reject_unauth_destination
EOT
$w->sink("sink");

subtest "S-016, S-017: a canonical table" => sub {
	my $path = $w->index_table("canonical", "# names\nkdent\@example.com\t" .
	    "kyle.dent\@example.com\n\nLong\@Example.com\n" .
	    "   long.name\@example.com\n");
	my ($status, $text) =
	    $w->command("postmap", "-q", 'kdent@example.com', $path);
	is $status, 0, "S-017: postmap -q finds";
	is $text, "kyle.dent\@example.com\n", "S-017: and prints";
	is +($w->command("postmap", "-q", 'nobody@example.com',
	    "hash:$path"))[0], 1, "S-017: exit 1 for what is not there";
	$w->take("canonical_maps = hash:\$dir/etc/canonical\n");
	$w->rewritten("S-016", 'kdent@example.com', 'KDENT@EXAMPLE.COM',
	    'kyle.dent@example.com', 'kyle.dent@example.com');
	$w->rewritten("S-011: a table's line goes on", 'long@example.com',
	    'long+ext@example.com', 'long.name@example.com',
	    'long+ext@example.com');
};

subtest "S-023: a regexp table" => sub {
	$w->write_file("re_body_checks", <<'EOT');
/increase your sales by [0-9]+%/	REJECT no sales
/^(Get|Buy) .*now!*$/			REJECT nor $1
/^Case .*matters$/i			REJECT case
EOT
	$w->take("body_checks = regexp:\$dir/etc/re_body_checks\n");
	is $w->send_mail(to => 'a@far.example', data =>
	    "Subject: x\r\n\r\nWe increase your sales by 500%. Really.\r\n"),
	    "550 5.7.1 no sales", "S-023: a line matches";
	is $w->send_mail(to => 'a@far.example',
	    data => "Subject: x\r\n\r\nHi\r\nbuy it NOW!!\r\n"),
	    "550 5.7.1 nor buy", "S-023: with its text";
	like $w->send_mail(to => 'a@far.example',
	    data => "Subject: buy it now\r\n\r\nHi\r\n"), qr/^250/,
	    "S-023: headers are no body";
	is $w->send_mail(to => 'a@far.example',
	    data => "Subject: x

Case really matters
"),
	    "550 5.7.1 case", "S-023: flag i makes case matter";
	like $w->send_mail(to => 'a@far.example',
	    data => "Subject: x

case really matters
"), qr/^250/,
	    "S-023: and other case does not match";
};

subtest "text of a folded header in a reply" => sub {
	$w->write_file("re_header_checks", "/^X-Bad:(.*)/ REJECT got <\$1>\n");
	$w->take("header_checks = regexp:\$dir/etc/re_header_checks\n");
	is $w->send_mail(to => 'a@far.example',
	    data => "X-Bad: a\r\n b\r\n\r\nx\r\n"),
	    "550 5.7.1 got < a  b>", "is one line, as in Postfix";
};

subtest "S-025, S-026: alias databases" => sub {
	my $path = $w->write_file("aliases", <<'EOT');
# aliases
postmaster: root
list: a@far.example,
	b@far.example
EOT
	$w->take(<<'EOT');
alias_maps = hash:$dir/etc/aliases
alias_database = hash:$dir/etc/aliases
mydestination = local.example
local_recipient_maps = $alias_maps
EOT
	my ($status, $text) = $w->command("newaliases");
	is $status, 0, "S-025: newaliases" or diag $text;
	($status, $text) = $w->command("postalias", "-q", "list", $path);
	like $text, qr/^a\@far\.example,\s+b\@far\.example$/,
	    "S-025: has built it";
	is $w->rcpt('list@local.example'), "250 2.1.5 Ok",
	    "S-025: and it is served";
	$w->write_file("aliases", "postmaster: root\nother: x\@far.example\n");
	($status, $text) = $w->command("postalias", $path);
	is $status, 0, "S-026: postalias" or diag $text;
	($status, $text) = $w->command("postalias", "-q", "other", $path);
	is $text, "x\@far.example\n", "S-026: has built it anew";
	($status, $text) = $w->command("postmap", $path);
	($status, $text) = $w->command("postmap", "-q", "other", $path);
	isnt $status, 0, "S-026: postmap reads the lines as another format";
};

subtest "S-019: default_database_type" => sub {
	$w->take("default_database_type = lmdb\n");
	my $path = $w->write_file("typeless", "key value\n");
	my ($status, $text) = $w->command("postmap", $path);
	is $status, 0, "postmap without a type" or diag $text;
	ok -e "$path.lmdb", "S-019: makes one of the default type";
	($status, $text) = $w->command("postmap", "-q", "key", "lmdb:$path");
	is $text, "value\n", "and it is found";
};

subtest "a table that cannot be asked" => sub {
	$w->index_table("gone", "x\@example.org\tx\n");
	$w->take(<<'EOT');
virtual_alias_maps = texthash:$dir/etc/gone
EOT
	is $w->rcpt('a@far.example'), "250 2.1.5 Ok", "as long as it is there";
	$w->take("canonical_maps = fail:broken\n");
	is $w->rcpt('a@far.example'), "451 4.3.0 <a\@far.example>: Temporary " .
	    "lookup failure", "could not ask: the client comes back";
	ok $w->wait_log(qr/warning: .*fail:broken.*/), "and the log says why";
	$w->refuse("virtual_alias_maps = hash:\$dir/etc/no-such-table\n",
	    qr/no-such-table/, "a missing table");
	$w->stop;
	$w->start;
	is $w->rcpt('a@far.example'), "451 4.3.0 <a\@far.example>: Temporary " .
	    "lookup failure", "a start serves, and defers";
	ok $w->wait_log(qr/warning: .*no-such-table/), "and says why";
	$w->index_table("no-such-table", "q\@x.example z\@far.example\n");
	ok $w->wait_for(sub {
		$w->rcpt('a@far.example') eq "250 2.1.5 Ok" }, 5),
	    "until the table is there, without a reload";
};

$w->finish;
