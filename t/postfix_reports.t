#!/usr/bin/perl
# Reports that sendmail -v and -bv ask for, beside Debian's Postfix: the same
# recipients, and for each of them the same words.
#
# Where one recipient stands for several, Weir gives each a message of its own,
# which has a report of its own: for such a list the parts are compared, whatever
# report they stand in, and Weir's line about the list itself is not there.  -bv
# of an alias for an address elsewhere asks the server there, while Postfix only
# says whereto it forwards.
# C-70 to C-78, Q-40, Q-50.
use strict;
use warnings;

use lib "t/lib";
use Test::More;
use Weir;
use Weir::Postfix;
use Weir::Users;

plan skip_all => "no Postfix" if !-x "/usr/sbin/postfix";
my $why = Weir::Users::enter(qw(anna bert carl dora emil));
plan skip_all => $why if $why;
my $d = Weir::Users::dir();
my $w = Weir->new(start => 0);
my $text = "Subject: hello\n\nhello\n";
my @to = qw(anna bert list fwd cmd code dsn later signal nosuch many dora emil box@virt.example
    md@virt.example none@virt.example x@pipe.example x@err.example
    x@retry.example x@disc.example x@dead.example o@outside.example
    no@outside.example o2@outside.example);

Weir::Users::clean();
mkdir "$d/virt";
chown scalar getpwnam("nobody"), -1, "$d/virt";
Weir::Users::put("dora", ".forward", "|/bin/true\n");
Weir::Users::put("emil", ".forward", "$d/out/emil, \\emil\n");
Weir::Users::write_file("$d/aliases", <<'EOT' =~ s/\$d/$d/gr);
list: bert, carl, |/bin/true, $d/out/list
fwd: fwd@outside.example
cmd: |/bin/false
code: "|echo hello; exit 67"
dsn: "|echo 5.7.99 not you; exit 75"
later: "|exit 75"
signal: "|exec kill -9 $$"
EOT
Weir::Users::write_file("$d/boxes", "box\@virt.example box\nmd\@virt.example md/\n");
$w->sink("sink", replies => { 'RCPT <no@outside.example>' => ["550 5.1.1 nobody of this name *"] });
my $main = <<"EOT";
myhostname = postfix.example.com
myorigin = example.com
mydestination = example.com
mail_spool_directory = $d/spool
local_recipient_maps =
alias_maps = hash:$d/aliases
virtual_mailbox_domains = virt.example
virtual_mailbox_base = $d/virt
virtual_mailbox_maps = texthash:$d/boxes
virtual_uid_maps = static:65534
virtual_gid_maps = static:65534
virtual_alias_maps = inline:{ {many\@example.com=bert,carl} }
smtp_tls_security_level = none
transport_maps = inline:{ {pipe.example = cat:}, {err.example = error:5.1.2 no way},
    {retry.example = retry:4.1.2 later}, {disc.example=discard:}, {dead.example=smtp:[127.0.0.1]:1} }
default_transport = smtp:[127.0.0.1]:@{[$w->port("sink")]}
EOT
my $master = "cat unix - n n - - pipe\n  flags=R user=nobody argv=/bin/sh -c {cat > /dev/null}\n";

sub submit {
	my ($who, $input, @args) = @_;

	return $w->sendmail($input, @args) if $who eq "w";
	my $file = $w->write_file("$w->{dir}/input.p", $input);
	my $said = `/usr/sbin/sendmail -C $d/postfix/etc @args < $file 2>&1`;
	return ($? >> 8, $said);
}

my (%box, %left);

# What the reports in a mailbox say of each recipient.
sub reports {
	my ($who, $how) = @_;
	my $text = $box{$who}{$how};
	my @seen;

	for my $report (split /^(?=From MAILER-DAEMON)/m, $text) {
		my ($part) = $report =~ /^Content-Type: message\/delivery-status\n\n(.*?)^--/ms or next;
		my ($subject) = $report =~ /^Subject: (.*)/m;
		my @fields = split /\n\n/, $part;

		$part =~ s/\n +/ /g;
		@fields = split /\n\n/, $part;
		shift @fields;
		for (@fields) {
			s/X-Weir/X-Postfix/;
			s/forwarded as \w+/forwarded as QID/;
			s/\[127.0.0.1\]:\d+/[127.0.0.1]:PORT/g;
			# The bounce has no way, nor has what failed at first.
			s/Action: (failed|delayed).*\K delivery via \w+://s if $who eq "p";
			s/\n/ | /g;
			push @seen, "$subject: $_";
		}
	}
	return sort @seen;
}

# What becomes of a message with this option.
sub play {
	my ($who, $log, $how) = @_;
	my $box = "$d/spool/anna";

	unlink $box;
	my $before = length $log->();
	my ($status, $said) = submit($who, $text, "-$how", "-f", "anna", @to);
	is "$status $said", "0 Mail Delivery Status Report will be mailed to <anna>.\n", "$who: -$how";
	$w->wait_for(sub { over($who, $how, Weir::Users::read_file($box), substr $log->(), $before) }, 60)
	    or diag $who, $log->();
	return Weir::Users::read_file($box);
}

# All messages but those that wait are gone.
sub quiet {
	my ($log) = @_;
	my %open = map { $_ => 1 } $log =~ /qmgr\[\d+\]: (\w+): from=/g;

	delete $open{$_} for $log =~ /qmgr\[\d+\]: (\w+): removed/g;
	delete $open{$_} for $log =~ /: (\w+): .*status=deferred/g;
	return $log =~ /qmgr/ && !%open;
}

# All that is to come has come, whole.
sub over {
	my ($who, $how, $box, $log) = @_;
	my @wanted = (qr/rfc822; x\@retry.example/, qr{out/emil}, qr{out/list});

	push @wanted, qr/rfc822; fwd\@outside/ if $who eq "w" || $how eq "bv";
	push @wanted, qr/Undelivered Mail/ if $how eq "v";
	return quiet($log) && $box =~ /^--\S+--\n\n\z/m && !grep { $box !~ /$_/ } @wanted;
}

sub both {
	my ($who, $log) = @_;

	my $v = play($who, $log, "v");
	unlink glob("$d/spool/* $d/out/* $d/virt/*"), grep { -f } glob("$d/virt/md/*/*");
	my $sunk = $w->messages("$w->{dir}/sink", 0, 0);
	my $bv = play($who, $log, "bv");
	$left{$who} = [(map { s/^\Q$d\E//r } grep { -f } glob("$d/spool/* $d/out/* $d/virt/* $d/virt/md/*/*")),
	    $w->messages("$w->{dir}/sink", 0, 0) - $sunk];
	return { v => $v, bv => $bv };
}

{
	system("postalias hash:$d/aliases");
	my $p = Weir::Postfix->start("$d/postfix", port => $w->port("theirs"), main => $main .
	    "in_flow_delay = 0\nenable_long_queue_ids = no\n", master => $master);
	$box{p} = both("p", sub { $p->log });
	$p->stop;
	unlink "$d/aliases.db";
}
unlink glob("$d/spool/* $d/out/* $d/virt/*");
$w->configure(main => $main, master => "pickup unix n - n 60 1 pickup\n$master");
my ($failed, $said) = $w->command("postalias", "hash:$d/aliases");
is "$failed$said", "0", "postalias";
$w->start;
$box{w} = both("w", sub { $w->log });

for my $how ("v", "bv") {
	# Of what stands for others, and what is forwarded, see above.
	my %lines = map { my $who = $_;
		$who => [grep { !/Action: expanded|Original-Recipient: rfc822;fwd@/ } reports($who, $how)] } "p", "w";

	is join("\n", @{ $lines{w} }), join("\n", @{ $lines{p} }), "the report of sendmail -$how";
}
like join("\n", reports("w", "v")), qr/fwd\@outside.example \| Original-Recipient: rfc822;fwd\@example.com \| Action: relayed/,
    "what is forwarded is reported";
like join("\n", reports("w", "bv")),
    qr/fwd\@outside.example \| Original-Recipient: rfc822;fwd\@example.com \| Action: deliverable/, "or verified";
is_deeply $left{w}, $left{p}, "nothing is delivered by -bv";
is $w->stop, 0, "stops cleanly";
is $w->complaints, "", "no sanitizer complains";
done_testing;
