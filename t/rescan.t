#!/usr/bin/perl
# on_failure=hold of filters before the queue: what came while the filter was
# away is on hold, and goes to it when it is back; whatever the filter says then,
# nothing is returned to a sender that need not be one.  Hostile 82, 88, 89.
use strict;
use warnings;

use lib "t/lib";
use IO::Socket::INET;
use IO::Socket::UNIX;
use POSIX ();
use Test::More;
use Weir;
use Weir::Client;

my $w = Weir->new(start => 0);
my $sink = $w->sink("sink");
my $sender = $w->sink("sender"); # what is returned comes here
my %p = map { $_ => $w->port($_) } qw(filter back first back1 hung local);

# What the filters are to do, and what they were told.
sub mode { $w->write_file("$w->{dir}/mode", $_[0]) }
sub seen { return Weir::read_file("$w->{dir}/seen") }

sub note_seen {
	open my $f, ">>", "$w->{dir}/seen" or die;
	syswrite $f, "$_[0]\n";
	close $f;
}

# Takes mail and gives it back to ${back}, marked, or does as it is told.
sub filter {
	my ($listen, $back, $mark) = @_;

	$SIG{CHLD} = "IGNORE";
	while (1) {
		my $c = $listen->accept or next;
		if (fork) {
			close $c;
			next;
		}
		close $listen;
		session($c, $back, $mark);
		POSIX::_exit(0);
	}
}

sub session {
	my ($c, $back, $mark) = @_;
	my $mode = $mark eq "filter" ? Weir::read_file("$w->{dir}/mode") : "ok";
	my ($from, @forward, @to) = ("");

	note_seen("connected") if $mark eq "filter";
	print $c $mode eq "greeting" ? "554 not now\r\n" : "220 filter\r\n";
	while (defined(my $line = <$c>)) {
		$line =~ s/\r\n//;
		if ($line =~ /^EHLO/) {
			print $c "250-filter\r\n250-XFORWARD NAME ADDR PROTO HELO\r\n",
			    "250 8BITMIME\r\n";
		} elsif ($line =~ /^XFORWARD/) {
			push @forward, $line;
			note_seen($line);
			print $c "250 ok\r\n";
		} elsif ($line =~ /^MAIL FROM:<(.*?)>/i) {
			note_seen($line);
			$from = $1;
			print $c "250 ok\r\n";
		} elsif ($line =~ /^RCPT TO:<(.*?)>/i) {
			note_seen($line);
			if ($mode eq "choosy" && $1 =~ /^two/) {
				print $c "550 5.7.1 not that one\r\n";
				next;
			}
			push @to, $1;
			print $c "250 ok\r\n";
		} elsif ($line =~ /^DATA/i) {
			print $c "354 go\r\n";
			my $data = "X-Mark: $mark\r\n";
			while (defined($line = <$c>) && $line ne ".\r\n") {
				$line =~ s/^\.//;
				$data .= $line;
			}
			return if !defined $line;
			note_seen("data");
			if ($mode eq "silent") {
				select undef, undef, undef, 0.05
				    while Weir::read_file("$w->{dir}/mode") eq "silent";
				return;
			}
			if ($mode =~ /^\d/) {
				print $c "$mode\r\n";
				next;
			}
			my $s = Weir::Client->new($back);
			$s->cmd("EHLO filter");
			$s->cmd($_) for @forward;
			$s->{greeted} = 1;
			print $c $s->deliver(from => $from, to => \@to,
			    data => $data, seconds => 60) . "\r\n";
		} elsif ($line =~ /^QUIT/) {
			return;
		}
	}
}

my %pid;

sub filter_up {
	my ($port, $back, $mark) = @_;
	my $listen = IO::Socket::INET->new(LocalAddr => "127.0.0.1",
	    LocalPort => $p{$port}, Listen => 128, ReuseAddr => 1) or die;

	$pid{$port} = $w->peer(sub { filter($listen, $p{$back}, $mark) });
	close $listen;
}

sub filter_down {
	my ($port) = @_;

	kill "KILL", $pid{$port};
	waitpid $pid{$port}, 0;
	@{ $w->{peers} } = grep { $_ != $pid{$port} } @{ $w->{peers} };
}

my $held = "{ inet:127.0.0.1:$p{filter}, on_failure=hold }";
my $main = <<EOT;
relay_domains = example.org
virtual_alias_maps = inline:{info\@example.org=alias\@example.org}
transport_maps = inline:{example.org=out:[127.0.0.1]:\${port:sink},
	example.net=out:[127.0.0.1]:\${port:sender}}
smtpd_authorized_xforward_hosts = 127.0.0.1
header_checks = regexp:{{/^X-Bad:/ REJECT bad}}
message_drop_headers = x-dropped
weir_proxy_filters = { inet:127.0.0.1:$p{first}, on_failure=accept } $held
minimal_backoff_time = 300s
maximal_backoff_time = 1000s
queue_run_delay = 300s
delay_warning_time = 1h
smtp_tls_security_level = encrypt
smtp_bind_address = 192.0.2.1
soft_bounce = no
EOT
my $master = <<EOT;
out unix - - n - - smtp -o smtp_tls_security_level=none -o smtp_bind_address=
127.0.0.1:$p{back1} inet n - n - - smtpd -o weir_proxy_filters_passed=1
127.0.0.1:$p{back} inet n - n - - smtpd -o weir_proxy_filters_passed=2
127.0.0.1:$p{hung} inet n - n - - smtpd
	-o { weir_proxy_filters = { inet:127.0.0.1:$p{filter}, timeout=2s, on_failure=hold } }
127.0.0.1:$p{local} inet n - n - - smtpd
	-o { weir_proxy_filters = { unix:\$dir/etc/filter, on_failure=hold } }
EOT
$w->configure(main => $main, master => $master);
$w->dns("example.org" => "", "example.net" => "");
mode("ok");
filter_up("first", "back1", "first");
$w->start;

sub give {
	my ($subject, %arg) = @_;

	return $w->send_mail(from => 'me@example.net', seconds => 60,
	    to => $arg{to} // 'user@example.org', port => $arg{port},
	    data => ($arg{headers} // "") . "Subject: $subject\r\n\r\n" .
		($arg{body} // "text\r\n"));
}

sub entries {
	my ($status, $text) = $w->command("postqueue", "-j");
	return grep { /"queue_id"/ } split /\n/, $text;
}

sub entry {
	my ($qid) = @_;
	return +(grep { /"queue_id": "$qid"/ } entries())[0] // "";
}

# On hold, and not being scanned just now.
sub on_hold {
	my ($qid) = @_;
	return $w->wait_for(sub { entry($qid) =~ /"queue_name": "hold"/ }, 30);
}

# The messages with a subject that came to the sink.
sub arrived {
	my ($subject, $count) = @_;
	my $list = sub {
		grep { /^Subject: \Q$subject\E\r$/m } $w->messages($sink, 0);
	};

	$w->wait_for(sub { scalar(my @l = $list->()) >= $count }, 30) if $count;
	return map { s/\r//gr } $list->();
}

sub empty { return $w->wait_for(sub { !entries() }, 30) }

# Attempts to reach the filter, of the delivering role.
sub attempts {
	my $log = $w->log;
	return scalar(() = $log =~ /smtp\[\d+\]: connect to 127\.0\.0\.1\[127\.0\.0\.1\]:$p{filter}: Connection refused/g);
}

# Let time pass; true when the queue has tried and is at rest again.
sub later {
	my ($seconds) = @_;
	my $before = () = $w->log =~ /status=|queue active/g;

	$w->advance($seconds);
	return $w->wait_for(sub {
		my $log = $w->log;
		return (() = $log =~ /status=|queue active/g) > $before &&
		    !grep { /"queue_name": "(active|incoming)"/ } entries();
	}, 30);
}

# The filter is away.
my $large = ("x" x 70 . " \xe9\r\n.\r\n..\r\n") x 3000;
my $reply = give("down", headers => "X-Dropped: no\r\n", body => $large,
    to => [ 'user@example.org', 'info@example.org' ]);
like $reply, qr/^250 2\.0\.0 Ok: queued as (\w+)$/, "taken without its filter";
my ($id) = $reply =~ /(\w+)$/;
like +($w->command("mailq"))[1], qr/^$id! .*\n +\(connect to proxy filter inet:127\.0\.0\.1:$p{filter}: Connection refused\)\n/m,
    "on hold, and mailq says why";
like entry($id), qr/"queue_name": "hold".*"delay_reason": "connect to proxy filter inet:127\.0\.0\.1:$p{filter}: Connection refused"/,
    "so does postqueue -j";
like $w->log, qr/warning: proxy filter inet:127\.0\.0\.1:$p{filter} has failed: message from localhost\[127\.0\.0\.1\] is put on hold for it; from=<me\@example\.net>/,
    "and the log";
unlike $w->log, qr/$id: .*queue active/, "not tried at once";

ok later(301), "its turn comes";
ok on_hold($id), "still away: still on hold";
like entry($id), qr/connect to 127\.0\.0\.1\[127\.0\.0\.1\]:$p{filter}: Connection refused/,
    "with the reason of now";
is attempts(), 1, "it was tried once";
my @more = map { give("more $_") =~ /(\w+)$/ } 1 .. 5;
ok later(301), "with five more";
ok on_hold($_), "$_ is on hold" for $id, @more;
is attempts(), 2, "one of them was tried, and spoke for the others";

# None of the roles forgets them.
my %role = $w->roles;
kill "KILL", @role{qw(queue deliver)};
$w->wait_for(sub {
	my %now = $w->roles;
	return $now{queue} && $now{deliver} && $now{queue} != $role{queue} &&
	    $now{deliver} != $role{deliver};
}, 30);
like entry($id), qr/"queue_name": "hold"/, "after a kill of the roles";
%role = $w->roles;
is $w->stop("KILL"), 9, "killed as a whole";
$w->wait_for(sub { !grep { kill 0, $_ } values %role }, 30);
$w->start;
like entry($id), qr/"queue_name": "hold"/, "after a kill of all";

# Too old for anything else.
ok later(6 * 86400), "after six days";
ok on_hold($id), "not returned";
is scalar(entries()), 6, "nor is there a warning";

# It is back.
filter_up("filter", "back", "filter");
$w->advance(1001);
ok empty(), "the filter is back, and has all of them";
my @got = arrived("down", 1);
is scalar(@got), 1, "delivered once";
my ($headers, $body) = split /\n\n/, $got[0], 2;
is join(" ", sort $headers =~ /^X-To: <(.*)>/mg),
    "alias\@example.org user\@example.org", "to both recipients, aliases behind the filter";
like seen(), qr/^RCPT TO:<info\@example\.org>$/m, "which heard of the one that the client named";
like $headers, qr/^X-Mark: filter\n.*^X-Mark: first$/ms, "marked by both filters";
unlike $headers, qr/^X-Dropped/m, "headers are dropped behind them";
ok $body eq $large =~ s/\r//gr, "and whole";
is scalar(arrived("more $_", 1)), 1, "and number $_" for 1 .. 5;
like seen(), qr/^XFORWARD NAME=localhost ADDR=127\.0\.0\.1\nXFORWARD PROTO=ESMTP HELO=client\.example\.net$/m,
    "it was told of the first client";

# Not by its own time, but because another one got through.
sub held {
	my ($subject, %arg) = @_;

	filter_down("filter");
	my ($qid) = give($subject, %arg) =~ /(\w+)$/;
	filter_up("filter", "back", "filter");
	return $qid;
}
filter_down("filter");
my ($old) = give("old") =~ /(\w+)$/;
ok later(301) && on_hold($old), "tried early";
ok later(1001) && on_hold($old), "and later, so that it has to wait for long";
my ($new) = give("new") =~ /(\w+)$/;
filter_up("filter", "back", "filter");
ok later(301), "the turn of a new one";
ok empty(), "both are gone";
is scalar(arrived($_, 1)), 1, "the $_ one" for "new", "old";

# What the filter says about it.
mode("550 5.7.1 virus");
$id = held("infected");
ok later(301) && on_hold($id), "refused when it was scanned: kept";
like entry($id), qr/said: 550 5\.7\.1 virus \(in reply to end of DATA command\)/, "the filter's words";
like $w->log, qr/qmgr\[\d+\]: $id: to=<user\@example\.org>, status=held, refused by its filter$/m, "logged";
like $w->log, qr/$id: to=<user\@example\.org>, relay=127\.0\.0\.1\[127\.0\.0\.1\]:$p{filter}, .*status=deferred \(host/, "and not as bounced";
my $connected = () = seen() =~ /^connected$/mg;
$w->advance(6 * 86400);
give("another");
ok arrived("another", 0) == 0, "which is refused as the client waits";
$w->command("postqueue", "-f");
is scalar(() = seen() =~ /^connected$/mg), $connected + 1, "the refused one is not tried again";
like entry($id), qr/"queue_name": "hold"/, "however old it is";
mode("ok");
like +($w->command("postsuper", "-H", $id))[1], qr/released from hold/, "by an administrator it is";
is scalar(arrived("infected", 1)), 1, "and gets through";
ok empty(), "no trace of it";

mode("451 4.7.1 busy");
$id = held("busy");
ok later(301) && on_hold($id), "a temporary failure";
like entry($id), qr/said: 451 4\.7\.1 busy/, "is shown";
mode("greeting");
ok later(1001) && on_hold($id), "a greeting that refuses";
unlike $w->log, qr/$id: .*status=held/, "is the filter's failure, not its word on the message";
mode("ok");
ok later(1001), "later";
is scalar(arrived("busy", 1)), 1, "it is taken";

mode("choosy");
$id = held("three", to => [ map { "$_\@example.org" } qw(one two three) ]);
ok later(301) && on_hold($id), "one recipient of three is refused";
@got = arrived("three", 1);
is scalar(@got), 1, "delivered once";
unlike $got[0], qr/two\@example\.org/, "to the others";
is join(" ", entry($id) =~ /"address": "(\w+)/g), "two", "that one is kept";
like +($w->command("postsuper", "-d", $id))[1], qr/Deleted: 1 message/, "postsuper -d";
ok empty(), "ends it";

# An administrator's hold is none with a time.
mode("ok");
$id = held("stopped");
like +($w->command("postsuper", "-h", $id))[1], qr/placed on hold/, "postsuper -h";
my $other = held("going");
ok later(301), "another one";
is scalar(arrived("going", 1)), 1, "goes";
like entry($id), qr/"queue_name": "hold"/, "that one stays";
$w->command("postsuper", "-r", $id);
is scalar(arrived("stopped", 1)), 1, "postsuper -r gives it to the filter, too";
ok empty(), "and is done with it";

$id = held("flushed");
is +($w->command("postqueue", "-i", $id))[0], 0, "postqueue -i";
is scalar(arrived("flushed", 1)), 1, "does not wait";
$id = held("flushed all");
is +($w->command("postqueue", "-f"))[0], 0, "nor does";
is scalar(arrived("flushed all", 1)), 1, "postqueue -f";

# NOTIFY=SUCCESS, though the filter knows nothing of it.
filter_down("filter");
my $c = $w->smtp;
$c->cmd($_) for "EHLO x", 'MAIL FROM:<me@example.net> RET=HDRS ENVID=x',
    'RCPT TO:<user@example.org> NOTIFY=SUCCESS,DELAY', "DATA";
like $c->cmd("Subject: notify\r\n\r\n."), qr/^250/, "a sender that wants to hear";
filter_up("filter", "back", "filter");
$w->command("postqueue", "-f");
is scalar(arrived("notify", 1)), 1, "delivered";
ok empty(), "and nothing else";

# Too slow.
mode("silent");
($id) = give("hung", port => $p{hung}) =~ /^250.* (\w+)$/;
ok $id, "a filter that does not answer in its time";
like entry($id), qr/timeout talking to proxy inet:127\.0\.0\.1:$p{filter}/, "is held for";
# Killed while it is scanned.
$w->advance(301);
ok $w->wait_for(sub { (() = seen() =~ /^data$/mg) && entry($id) =~ /"active"/ }, 30), "under way again";
%role = $w->roles;
kill "KILL", $role{queue};
$w->wait_for(sub { my %now = $w->roles; $now{queue} && $now{queue} != $role{queue} }, 30);
like entry($id), qr/"queue_id"/, "a kill of the queue loses nothing";
filter_down("filter");
mode("ok");
filter_up("filter", "back", "filter");
# What is under way must not find itself too late: no time passes.
ok $w->wait_for(sub { $w->command("postqueue", "-f"); !entries() }, 60), "nor keeps it";
is scalar(arrived("hung", 1)), 1, "once";

# Over a socket file.
my $path = "$w->{dir}/etc/filter";
like give("local", port => $p{local}), qr/^250/, "a filter with a socket file";
{
	my $listen = IO::Socket::UNIX->new(Local => $path, Listen => 128) or die;
	chmod 0777, $path;
	$w->peer(sub { filter($listen, $p{back}, "local") });
}
$w->command("postqueue", "-f");
@got = arrived("local", 1);
like $got[0], qr/^X-Mark: local$/m, "is found again, too";

# Thrown away, if that is wished.
mode("550 5.7.1 virus");
$id = held("unwanted");
my ($status, $said) = $w->reconfigure(main => "${main}weir_rescan_discard = yes\nweir-rescan_destination_concurrency_limit = 5\n", master => $master);
is $status, 0, "weir_rescan_discard" or diag $said;
$w->command("postqueue", "-f");
ok empty(), "discarded";
like $w->log, qr/$id: to=<user\@example\.org>, status=discarded, refused by its filter$/m, "logged";

is scalar($w->messages($sender, 0)), 0, "nobody was ever told anything";
unlike $w->log, qr/notification|status=(bounced|expired)/, "nor was it tried";
($status, $said) = $w->command("check");
is $status, 0, "weir check" or diag $said;
unlike $said, qr/rescan/, "knows the transport" or diag $said;
is $w->stop, 0, "ends in peace";
is $w->complaints, "", "no complaints";
done_testing;
