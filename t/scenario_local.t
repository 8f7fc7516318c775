#!/usr/bin/perl
# The scenarios of the founding documents about local delivery and mailing
# lists: domains, mailboxes, aliases, lists with owners, list managers (D-09,
# D-58; P-003, P-032, P-040, P-048, P-049, P-053, P-084; C-32,
# F-148).
use strict;
use warnings;

use lib "t/lib";
use File::Path qw(make_path);
use Test::More;
use Weir::Scenario;
use Weir::Users;

my $why = Weir::Users::enter(qw(kdent helene frank wietse majordom csagan
    info bengt));
plan skip_all => $why if $why;
my $d = Weir::Users::dir();

my $base = <<'EOT';
mydomain = example.com
myorigin = $mydomain
mydestination = $myhostname, localhost.$mydomain, $mydomain
relayhost = [127.0.0.1]:${port:sink}
alias_maps = hash:$dir/etc/aliases
mail_spool_directory = $d/spool
local_recipient_maps = proxy:unix:passwd.byname $alias_maps
EOT
my $w = Weir::Scenario->new(base => $base =~ s/\$d\b/$d/gr, start => 0);
my $dir = $w->{dir};
$w->sink("sink");

# Aliases, of a file below etc/ or at a path.
sub aliases {
	my ($text, $path) = @_;

	$path = $w->write_file($path // "aliases", $text =~ s/\$d\b/$d/gr);
	my ($status, $said) = $w->command("postalias", "hash:$path");
	is "$status$said", "0", "postalias";
	return $path;
}

# Start with that configuration, and empty homes.
sub begin {
	my ($main) = @_;

	Weir::Users::clean();
	aliases("postmaster: root\n") unless -e "$dir/etc/aliases";
	$w->restart($main =~ s/\$d\b/$d/gr);
}

# Send to it, and wait until it is done; the queue id.
sub mail {
	my ($to, %arg) = @_;
	my $reply = $w->send_mail(to => $to, %arg);

	ok $reply =~ /queued as (\w+)$/, "mail to $to" or diag $reply;
	my $qid = $1 // "none";
	ok $w->wait_for(sub { gone($w->log, $qid) }), "$to: done";
	return $qid;
}

# A message, and what it was forwarded as, is done with.
sub gone {
	my ($log, $qid) = @_;

	return 0 unless $log =~ /qmgr\[\d+\]: $qid: removed/;
	for my $next ($log =~ /: $qid: to=.*\(forwarded as (\w+)\)/g) {
		return 0 unless gone($log, $next);
	}
	return 1;
}

# What the log says of a message, without times.
sub outcome {
	my ($qid) = @_;

	return join "\n", map { s/delay=.*?, (?=dsn=)//r }
	    $w->log =~ /: $qid: (to=.*)/g;
}

sub text { return Weir::Users::read_file("$d/$_[0]") }

# Envelopes of all that has come to the sink, which forgets it.
sub sunk {
	my ($count) = @_;
	my @m = $w->messages("$dir/sink", $count);

	unlink glob("$dir/sink/*");
	return sort map { my ($f, @t) = (/^X-From: (<.*?>)/,
	    /^X-To: (<.*?>)/mg); map { "$f $_" } @t } @m;
}

subtest "S-081, S-096, S-036: several domains are local" => sub {
	begin("mydestination = \$myhostname, localhost, \$mydomain, " .
	    "example.com, porcupine.org, ora.com, oreilly.com\n");
	mail('wietse@porcupine.org');
	mail('wietse@example.com');
	is scalar(() = text("spool/wietse") =~ /^From /mg), 2,
	    "S-081: both are delivered";
	mail("info\@$_") for "ora.com", "oreilly.com";
	is scalar(() = text("spool/info") =~ /^From /mg), 2,
	    "S-096: one account for all domains";
	is $w->rcpt('nobody-here@ora.com'), '550 5.1.1 <nobody-here@ora.com>:' .
	    ' Recipient address rejected: User unknown in local recipient table',
	    "S-060: and unknown users in none";
};

subtest "S-088, S-091, S-092: where mail is kept" => sub {
	begin("");
	mail('kdent@example.com');
	like text("spool/kdent"), qr/\AFrom sender\@example\.net  .*\n\n\z/s,
	    "S-091: a file of the spool directory";
	is sprintf("%o %d", (stat "$d/spool/kdent")[2] & 0777,
	    (stat _)[4]), "600 " . getpwnam("kdent"), "S-091: his own";
	my @box = ("/new/*", "/cur/*", "/tmp/*");
	for my $case (["mail_spool_directory = $d/spool/", "spool/kdent",
		"S-091: a trailing slash"],
	    ["home_mailbox = maildir/", "home/kdent/maildir",
		"S-092: in the home directory"]) {
		my ($set, $place, $what) = @$case;

		begin("$set\n");
		mail('kdent@example.com', data => "Subject: x\r\n\r\n" .
		    "From here on\r\n");
		my @found = map { scalar(my @f = glob "$d/$place$_") } @box;
		is "@found", "1 0 0", "$what: S-088: a maildir: one in new";
		my ($file) = glob "$d/$place/new/*";
		like Weir::read_file($file), qr/\AReturn-Path: .*\n\nFrom here on\n\z/s,
		    "$what: S-088: no From_ line";
	}
	begin("home_mailbox = mbox\n");
	mail('kdent@example.com');
	like text("home/kdent/mbox"), qr/\AFrom /, "S-092: a file";
};

subtest "S-173: mailbox_size_limit" => sub {
	my %big = (data => "Subject: x\r\n\r\n" . "0123456789\r\n" x 1000);
	my $set = "mailbox_size_limit = 30000\nmessage_size_limit = 20000\n";

	begin($set);
	mail('kdent@example.com', %big) for 1 .. 2;
	my $qid = mail('kdent@example.com', %big);
	like outcome($qid), qr/dsn=5\.2\.2, status=bounced \(cannot update mailbox \S+\/kdent for user kdent\. error writing message: File too large\)/,
	    "a file grows to it";
	is scalar(() = text("spool/kdent") =~ /^From /mg), 2, "and stays whole";
	sunk(1);
	begin("${set}home_mailbox = maildir/\n");
	mail('kdent@example.com', %big) for 1 .. 4;
	is scalar(my @f = glob "$d/home/kdent/maildir/new/*"), 4,
	    "a maildir is limited by file";
};

subtest "S-093, S-095: mail stores that speak LMTP" => sub {
	my $path = "$dir/lmtp";
	$w->sink("store", at => $path, lmtp => 1);
	my $stored = sub {
		my ($count) = @_;
		my @m = $w->messages("$dir/store", $count);
		unlink glob("$dir/store/*");
		return join " ", sort map { /^X-To: <(.*?)>/m } @m;
	};
	aliases("root: kdent\n");
	begin("local_transport = lmtp:unix:$path\nlocal_recipient_maps =\n");
	mail($_) for 'root@example.com', 'nobody-here@example.com';
	is $stored->(2), 'nobody-here@example.com root@example.com',
	    "S-093: all to the store, and no aliases";
	$w->index_table("cyrus", "jane x\n");
	begin("fallback_transport = lmtp:unix:$path\nlocal_recipient_maps = " .
	    "proxy:unix:passwd.byname \$alias_maps hash:\$dir/etc/cyrus\n");
	mail($_) for 'root@example.com', 'jane@example.com';
	is $stored->(1), 'jane@example.com', "S-095: who has no account";
	like text("spool/kdent"), qr/^From /, "S-095: accounts have mailboxes";
	like $w->rcpt('joe@example.com'), qr/^550 5\.1\.1 /,
	    "S-095: nobody else is taken";
};

subtest "S-184, S-185, S-208, S-213: groups, .forward, root" => sub {
	aliases(<<'EOT');
postmaster:	root
www:		root
root:		kdent
support:	helene, frank,
		bengt
erika:		helene
groups:		kdent, erika
EOT
	begin("");
	Weir::Users::put("bengt", ".forward", "\\bengt, bengan\@hotmail.com\n");
	mail('support@example.com');
	ok text("spool/$_") =~ /^From /, "S-184: support: $_"
	    for qw(helene frank bengt);
	is join(",", sunk(1)), '<sender@example.net> <bengan@hotmail.com>',
	    "S-185: both of the .forward file";
	mail("$_\@example.com") for qw(www postmaster groups);
	is scalar(() = text("spool/kdent") =~ /^From /mg), 3,
	    "S-213, S-208: aliases of aliases";
	is scalar(() = text("spool/helene") =~ /^From /mg), 2,
	    "S-208: a group in a group";
};

subtest "S-231: aliases before newaliases" => sub {
	unlink glob "$dir/etc/aliases*";
	$w->write_file("aliases", "root: kdent\n");
	$w->configure(main => $w->with_base("alias_database = " .
	    "hash:\$dir/etc/aliases\n"));
	my ($status, $said) = $w->command("newaliases");
	is "$status$said", "0", "newaliases";
	begin("");
	mail('root@example.com');
	like text("spool/kdent"), qr/^From /, "then they are known";
};

my $list = "rgrier\@oreilly.com\ngmhopper\@onlamp.com\n" .
    "grayburn\@oreilly.com\nbogus\@example.com\n";
my @members = map { s/.*/<$&>/r } sort split /\n/, $list;

subtest "S-123, S-126: a list, and its test" => sub {
	$w->write_file("needlepoint", $list);
	aliases(<<"EOT");
needlepoint: :include:$dir/etc/needlepoint
owner-needlepoint: kdent\@example.com
needlepoint-request: kdent\@example.com
EOT
	begin("");
	my $log = length $w->log;
	my $qid = mail('needlepoint@example.com', from => 'gmhopper@onlamp.com',
	    data => "To: needlepoint\@example.com\r\nSubject: done\r\n\r\nx\r\n");
	my %seen;
	like outcome($qid), qr/to=<needlepoint\@example\.com>, relay=local, dsn=2\.0\.0, status=sent \(forwarded as \w+\)/,
	    "S-126: forwarded (O-35)";
	my ($new) = outcome($qid) =~ /forwarded as (\w+)/;
	like $w->log, qr/qmgr\[\d+\]: $new: from=<owner-needlepoint\@example\.com>, size=\d+, nrcpt=4 /,
	    "S-126: from the owner";
	like outcome($new), qr/to=<bogus\@example\.com>.*relay=local, dsn=5\.1\.1, status=bounced \(unknown user: "bogus"\)/,
	    "S-126: a bogus member (O-36)";
	like outcome($new), qr/to=<grayburn\@oreilly\.com>.*status=sent \(250 /,
	    "S-126: the others are sent (O-37)";
	is join(",", sunk(1)), join(",", map {
		"<owner-needlepoint\@example.com> $_" }
	    grep { !/bogus/ } @members), "S-126: whom it reaches";
	ok $w->wait_for(sub { text("spool/kdent") =~ /^From MAILER-DAEMON/m }),
	    "S-126: the owner is told";
	my $bounce = text("spool/kdent");
	like $bounce, qr/^To: owner-needlepoint\@example\.com\nSubject: Undelivered Mail Returned to Sender|^Subject: Undelivered Mail Returned to Sender\n(?:.*\n)*?To: owner-needlepoint\@example\.com$/m,
	    "S-126: as the owner (O-53)";
	like $bounce, qr/^<bogus\@example\.com>.*: unknown user:\s+"bogus"/m,
	    "S-126: of the bogus member";

	begin("owner_request_special = no\n");
	mail('needlepoint@example.com', from => 'gmhopper@onlamp.com');
	is join(",", sunk(2)), join(",", "<> <gmhopper\@onlamp.com>", map {
		"<gmhopper\@onlamp.com> $_" } grep { !/bogus/ } @members),
	    "S-123: owner_request_special = no: the poster stays the sender";
};

subtest "S-107, S-128, S-129: Majordomo" => sub {
	my $home = "$d/majordomo";
	my $majordom = getpwnam "majordom";
	make_path("$home/lists");
	Weir::Users::write_file("$home/wrapper", <<"EOT", 0755);
#!/bin/sh
{ echo "\$@"; id -un; cat; } >> $d/out/wrapper
EOT
	Weir::Users::write_file("$home/lists/$_", $list, 0644, $majordom)
	    for "astronomy", "astronomy-ora";
	chown $majordom, -1, $home;
	aliases(<<'EOT', "$home/aliases");
majordomo: "| $d/majordomo/wrapper majordomo"
owner-majordomo: kdent@example.com
majordomo-owner: kdent@example.com
# astronomy list
astronomy: :include:$d/majordomo/lists/astronomy
owner-astronomy: csagan@example.com
astronomy-request: "|$d/majordomo/wrapper request-answer astronomy"
astronomy-approval: csagan@example.com
# astronomy@ora.com list
astronomy-ora: :include:$d/majordomo/lists/astronomy-ora
owner-astronomy-ora: kdent@ora.com
astronomy-ora-request: "|$d/majordomo/wrapper request-answer astronomy-ora"
astronomy-ora-approval: kdent@ora.com
EOT
	chown $majordom, -1, glob("$home/aliases*");
	aliases("postmaster: root\n");
	$w->index_table("virtual_alias", <<'EOT');
astronomy@ora.com		astronomy-ora@localhost
owner-astronomy@ora.com		owner-astronomy-ora@localhost
astronomy-request@ora.com	astronomy-ora-request@localhost
astronomy-approval@ora.com	astronomy-ora-approval@localhost
kdent@ora.com			kdent@example.com
EOT
	begin(<<"EOT");
mydestination = \$myhostname, localhost, localhost.\$mydomain, \$mydomain
alias_maps = hash:$dir/etc/aliases, hash:$home/aliases
virtual_alias_domains = ora.com
virtual_alias_maps = hash:$dir/etc/virtual_alias
EOT
	mail('majordomo@example.com', data => "Subject: x\r\n\r\nlists\r\n");
	like text("out/wrapper"), qr/\Amajordomo\nmajordom\n.*\nlists\n/s,
	    "S-127: a command, as the owner of the aliases";
	unlink "$d/out/wrapper";
	mail('astronomy@ora.com');
	is join(",", sunk(1)), join(",", map {
		"<owner-astronomy-ora\@example.com> $_" }
	    grep { !/bogus/ } @members),
	    "S-107: a list of a virtual domain";
	mail('astronomy-request@ora.com');
	like text("out/wrapper"), qr/\Arequest-answer astronomy-ora\nmajordom\n/,
	    "S-107: its request address";
	mail('astronomy-approval@ora.com');
	like text("spool/kdent"), qr/^X-Original-To: astronomy-approval\@ora\.com$/m,
	    "S-107: its approval address";

	# As a moderator's "approve" sends it: with all headers that it had.
	my $qid = mail('astronomy@example.com',
	    data => "Delivered-To: astronomy\@example.com\r\n" .
	    "Subject: approved\r\n\r\nx\r\n");
	like outcome($qid), qr/dsn=5\.4\.6, status=bounced \(mail forwarding loop for astronomy\@example\.com\)/,
	    "S-128: our own Delivered-To: is a loop";
	sunk(1);
	mail('astronomy@example.com', data => "Subject: approved\r\n\r\nx\r\n");
	is scalar(my @sent = sunk(1)), 3, "S-128: without it, there is none";

	chmod 0600, "$home/lists/astronomy";
	chown 0, 0, "$home/lists/astronomy";
	$qid = mail('astronomy@example.com', from => '');
	my ($new) = outcome($qid) =~ /forwarded as (\w+)\)/;
	like outcome($new), qr/dsn=5\.3\.5, status=bounced \(mail system configuration error\)/,
	    "S-129: a list that its owner may not read";
	like $w->log, qr/warning: .*cannot open include file \S+\/lists\/astronomy: Permission denied$/m,
	    "S-129: the log says which file";
	ok $w->wait_for(sub {
		text("spool/csagan") =~ /mail\s+system configuration error/
	}), "S-129: the owner is told";
};
$w->finish;
