#!/usr/bin/perl
# The scenarios of the founding documents about virtual domains: mailboxes of
# other identities, catch-alls, answers by a program, names in local domains
# (D-28; P-043, P-174 to P-179, P-181; F-50, F-125, F-147).
use strict;
use warnings;

use lib "t/lib";
use Test::More;
use Weir::Scenario;

my $root = $> == 0;
my $uid = $root ? scalar getpwnam("nobody") : $>;
my $gid = $root ? (getpwnam("nobody"))[3] : $) + 0;
my $w = Weir::Scenario->new(base => <<EOT, start => 0);
virtual_mailbox_base = \$dir/vmail
virtual_uid_maps = static:$uid
virtual_gid_maps = static:$gid
virtual_minimum_uid = 1
relayhost = [127.0.0.1]:\${port:sink}
EOT
my $dir = $w->{dir};
$w->sink("sink");

# Start with that, and without mail.
sub begin {
	my ($main, %arg) = @_;

	system("rm", "-rf", "$dir/vmail");
	for ("$dir/vmail", "$dir/vmail/ora.com") {
		mkdir $_;
		chmod 01777, $_;
	}
	$w->restart($main, %arg);
}

sub mail {
	my ($to, %arg) = @_;
	my $reply = $w->send_mail(to => $to, %arg);
	my ($qid) = $reply =~ /queued as (\w+)$/;

	ok defined $qid && $w->wait_log(qr/qmgr\[\d+\]: $qid: removed/),
	    "mail to $to" or diag $reply;
	return $qid // "none";
}

sub box { return Weir::read_file("$dir/vmail/$_[0]") }

# The recipients of what came to the sink.
sub sunk {
	my ($count) = @_;
	my @m = $w->messages("$dir/sink", $count);

	unlink glob("$dir/sink/*");
	return join " ", sort map { /^X-To: <(.*?)>/mg } @m;
}

subtest "S-100, S-101: domains in a file, identities by address" => sub {
	$w->write_file("virtual_domains", "# all of them\nora.com\noreilly.com\n");
	$w->index_table("virtual", <<'EOT');
info@ora.com		ora.com/info
kdent@oreilly.com	oreilly.com/kdent/
EOT
	my $other = $root ? 1003 : $uid;
	my $group = $root ? 1005 : $gid;
	$w->index_table("virtual_uids", "info\@ora.com $uid\n");
	begin(<<"EOT");
virtual_mailbox_domains = $dir/etc/virtual_domains
virtual_mailbox_maps = hash:$dir/etc/virtual
virtual_uid_maps = hash:$dir/etc/virtual_uids static:$other
virtual_gid_maps = static:$group
EOT
	mail($_) for 'info@ora.com', 'kdent@oreilly.com';
	like box("ora.com/info"), qr/\AFrom /, "S-100: one domain";
	my ($file) = glob "$dir/vmail/oreilly.com/kdent/new/*";
	ok defined $file, "S-100: the other";
	is join(" ", (stat "$dir/vmail/ora.com/info")[4, 5]), "$uid $group",
	    "S-101: listed: its own";
	is join(" ", (stat $file)[4, 5]), "$other $group",
	    "S-101: the others: the common one";
};

subtest "S-103, S-104, S-201: catch-alls" => sub {
	my $main = <<'EOT';
virtual_mailbox_domains = ora.com
virtual_mailbox_maps = hash:$dir/etc/virtual
EOT
	$w->index_table("virtual", <<'EOT');
info@ora.com	ora.com/info
@ora.com	ora.com/service
EOT
	begin($main);
	mail($_) for 'anybody@ora.com', 'info@ora.com';
	is join(" ", map { scalar(() = box("ora.com/$_") =~ /^From /mg) }
	    "service", "info"), "1 1", "S-103: a mailbox for the rest";

	$w->index_table("virtual", "info\@ora.com ora.com/info\n");
	$w->index_table("virtual_alias", <<'EOT');
@ora.com	customer.service@onlamp.com
info@ora.com	info@ora.com
EOT
	$main .= "virtual_alias_maps = hash:\$dir/etc/virtual_alias\n";
	begin($main);
	mail($_) for 'anybody@ora.com', 'info@ora.com';
	is sunk(1), 'customer.service@onlamp.com', "S-104: the rest goes on";
	like box("ora.com/info"), qr/\AFrom /, "S-104: info stays";
	$w->index_table("virtual_alias",
	    "\@ora.com customer.service\@onlamp.com\n");
	begin($main);
	mail('info@ora.com');
	is sunk(1), 'customer.service@onlamp.com',
	    "S-104: not without an entry of its own";
};

subtest "S-106, S-174: an answer by a program" => sub {
	mkdir "$dir/answers";
	chmod 01777, "$dir/answers";
	$w->write_file("$dir/inforeply.pl", <<"EOT");
echo "\$# \$1" >> $dir/answers/log
cat > /dev/null
EOT
	$w->index_table("transport", "autoresp\@ora.com inforeply\n");
	$w->index_table("virtual_alias",
	    "info\@ora.com autoresp\@ora.com, service\@oreilly.com\n" .
	    "sales\@ora.com autoresp\@ora.com\n");
	my $user = getpwuid $uid;
	# Not a domain of aliases: what is left in those after all aliases is
	# refused, whatever a transport table says.
	begin(<<'EOT', master =>
virtual_mailbox_domains = ora.com
virtual_alias_maps = hash:$dir/etc/virtual_alias
transport_maps = hash:$dir/etc/transport
inforeply_destination_recipient_limit = 1
EOT
	    "inforeply unix - n n - - pipe\n  flags= user=$user " .
	    "argv=/bin/sh $dir/inforeply.pl \${sender}\n");
	my $qid = mail('info@ora.com', from => 'asks@example.net');
	is sunk(1), 'service@oreilly.com', "S-106: the message is delivered";
	is Weir::read_file("$dir/answers/log"), "1 asks\@example.net\n",
	    "S-106: and the program told who asks";
	like $w->log, qr/: $qid: to=<autoresp\@ora\.com>, orig_to=<info\@ora\.com>, relay=inforeply, .*status=sent \(delivered via inforeply service\)/,
	    "S-106: logged";
};

subtest "S-186, S-187, S-189, S-201: names" => sub {
	$w->index_table("virtual", <<'EOT');
Wietse.Venema			wietse
info@bolaget.se			infobolagetkonto
info@foretaget.se		infoforetagetkonto
sales@example.com		jane
@example.com			jim
EOT
	$w->index_table("relocated", "username otheruser\@far.example\n");
	my $accounts = join ", ", map { "$_\@mail.example.org=$_" }
	    qw(wietse infobolagetkonto infoforetagetkonto jane jim);
	# The accounts are mailboxes here, of a domain that is ours.
	begin(<<"EOT");
myhostname = mail.example.org
mydestination = mail.example.org
local_transport = virtual
local_recipient_maps =
virtual_alias_domains = bolaget.se foretaget.se example.com
virtual_alias_maps = hash:$dir/etc/virtual
virtual_mailbox_maps = inline:{$accounts}
relocated_maps = hash:$dir/etc/relocated
EOT
	mail($_) for 'Wietse.Venema@mail.example.org', 'info@bolaget.se',
	    'info@foretaget.se', 'sales@example.com', 'anything@example.com';
	like box($_), qr/\AFrom .*\nReturn-Path.*\nX-Original-To: .*\nDelivered-To: $_\@mail\.example\.org\n/,
	    $_ for qw(wietse infobolagetkonto infoforetagetkonto jane jim);
	is scalar(() = box("jim") =~ /^From /mg), 1, "S-187: jim the rest";
	is $w->rcpt('nobody@bolaget.se'), '550 5.1.1 <nobody@bolaget.se>: ' .
	    'Recipient address rejected: User unknown in virtual alias table',
	    "S-201: who is not listed is refused";
	is $w->rcpt('username@mail.example.org'),
	    '550 5.1.6 <username@mail.example.org>: Recipient address ' .
	    'rejected: User has moved to otheruser@far.example',
	    "S-189: where he has gone";
};

subtest "S-229: addresses by a program that signs them" => sub {
	plan skip_all => "no postsrsd here" if !-x "/usr/sbin/postsrsd";
	$w->write_file("$dir/secret", "not for everybody\n");
	$w->peer("/usr/sbin/postsrsd", "-4", "-s", "$dir/secret", "-d",
	    "mail.example.com", "-l", "127.0.0.1", "-f", $w->port("out"),
	    "-r", $w->port("back"));
	$w->wait_port($w->port($_)) for "out", "back";
	begin(<<'EOT');
sender_canonical_maps = tcp:localhost:${port:out}
sender_canonical_classes = envelope_sender
recipient_canonical_maps = tcp:localhost:${port:back}
recipient_canonical_classes = envelope_recipient,header_recipient
EOT
	my $sender = 'author@far.example';
	unlink glob("$dir/sink/*");
	mail('to@else.example', from => $sender, data => "From: $sender\r\n" .
	    "To: to\@else.example\r\nSubject: x\r\n\r\nx\r\n");
	my ($m) = $w->messages("$dir/sink", 1);
	my ($signed) = $m =~ /^X-From: <(.*?)>/;
	like $signed, qr/^SRS0=[^=]+=[^=]+=far\.example=author\@mail\.example\.com$/,
	    "the sender is signed";
	like $m, qr/^From: \Q$sender\E\r$/m, "the header is left";
	unlink glob("$dir/sink/*");
	mail($signed, from => '', data => "Subject: x\r\nTo: $signed\r\n" .
	    "\r\nx\r\n");
	($m) = $w->messages("$dir/sink", 1);
	like $m, qr/^X-To: <\Q$sender\E>/m, "a bounce finds its way back";
	like $m, qr/^To: \Q$sender\E\r$/m, "the header, too";
};

subtest "S-182: what a change of a table needs" => sub {
	$w->index_table("access", "one\@far.example REJECT\n");
	$w->write_file("patterns", "/^one\@here/ REJECT\n");
	begin(<<'EOT');
smtpd_recipient_restrictions = check_recipient_access hash:$dir/etc/access,
    check_recipient_access regexp:$dir/etc/patterns
EOT
	my $refused = sub { $w->rcpt($_[0]) =~ /^554 5\.7\.1 .*Access denied/ };
	ok $refused->('one@far.example'), "a table";
	$w->index_table("access", "two\@far.example REJECT\n");
	ok $w->wait_for(sub { $refused->('two@far.example') }),
	    "takes a change at once";
	ok $refused->('one@here.example'), "patterns";
	$w->write_file("patterns", "/^two\@here/ REJECT\n");
	is +($w->command("reload"))[0], 0, "reload";
	ok $refused->('two@here.example'), "take one by a reload";
	ok !$refused->('one@here.example'), "the old ones are gone";
};
$w->finish;
