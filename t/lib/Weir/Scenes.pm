package Weir::Scenes;

# Tests of milters: each scene is a service with milters of its own; all of them
# run in one gateway.
#
#	scene "name" => { milters => [ { Weir::Milter options }, ... ],
#	    list => "what smtpd_milters says; MILTER0 is the first of them",
#	    set => ["other = parameters"] } => sub { my ($scene) = @_; ... };
#	play_scenes;
#
# SCENE=pattern in the environment plays only those.

use strict;
use warnings;

use Exporter qw(import);
use Test::More;
use Weir;
use Weir::Milter;

our @EXPORT = qw(gateway scene stage heard all_heard client talk mail plain
    not_queued warns play_scenes);

my $w = Weir->new(start => 0);
my $master = "";
my @order;

# The gateway of all scenes.
sub gateway { return $w }

sub scene {
	my ($name, $scene, $test) = @_;
	my $n = @order;
	my @list = map { "unix:\$dir/milter.$n.$_" } 0 .. $#{ $scene->{milters} };
	my $list = $scene->{list} // join ", ", @list;

	$list =~ s/MILTER(\d)/unix:\$dir\/milter.$n.$1/g;
	$master .= "127.0.0.1:\${port:s$n} inet n - n - - smtpd\n" .
	    "  -o {smtpd_milters = $list}\n";
	for my $set (@{ $scene->{set} || [] }) {
		(my $text = $set) =~ s/MILTER(\d)/unix:\$dir\/milter.$n.$1/g;
		$master .= "  -o {$text}\n";
	}
	$scene->{n} = $n;
	push @order, [$name, $scene, $test];
}

# One milter with these answers (and more of Weir::Milter's options).
sub stage {
	my ($answers, %more) = @_;

	return { milters => [{ answers => $answers, %more }] };
}

sub heard {
	my ($scene, $i) = @_;

	return Weir::Milter::heard("$w->{dir}/heard.$scene->{n}." . ($i || 0));
}

# What the milter has heard, when it has heard the end of so many connections
# (one, if nothing is said).
sub all_heard {
	my ($scene, $i, $connections) = @_;
	my $heard;

	$w->wait_for(sub {
		$heard = heard($scene, $i);
		return (() = $heard =~ /^gone$/mg) >= ($connections || 1);
	});
	return $heard;
}

sub client { return $w->smtp($w->port("s$_[0]{n}")) }

# Commands and what is answered to each; the log of it all.
sub talk {
	my ($scene, @lines) = @_;
	my $before = length $w->log;
	my $c = client($scene);
	my @said = ($c->{banner});

	push @said, $c->cmd($_) for @lines;
	$c->cmd("QUIT");
	$c->close;
	$w->wait_for(sub { substr($w->log, $before) =~ /disconnect from/ });
	return (substr($w->log, $before), @said);
}

my $text = "From: <me\@example.net>\r\nSubject:  two\r\n folded\r\n" .
    "X-A:tight\r\nMessage-ID: <it\@example.net>\r\nDate: Sat, 1 Jan 2022 " .
    "00:00:00 +0000\r\n\r\nbody\r\n";
my $count = 0;

# One message to the scene's own recipient; (reply, log, what arrived).
sub mail {
	my ($scene, %mail) = @_;
	my $before = length $w->log;
	my $to = "u$scene->{n}.$count\@example.org";
	my $reply = $w->send_mail(port => $w->port("s$scene->{n}"), to => $to,
	    data => $text, %mail);
	my ($log, $out) = ("", "");

	$count++;
	$w->wait_for(sub {
		($log = substr $w->log, $before) =~ /disconnect from/;
	});
	return ($reply, $log, "") if $reply !~ /^250/ || $mail{lost};
	$w->wait_for(sub {
		($out) = grep { /^X-To: <\Q$to\E>/m || $mail{any} }
		    $w->messages("$w->{dir}/hop", 1);
		$out;
	});
	$out //= "";
	$out =~ s/^(?:X-From: .*\n)//;
	$out =~ s/^(?:X-To: .*\n)+//;
	$out =~ s/^Received: .*\r\n(?:[ \t].*\r\n)*/OWN\r\n/m;
	$out =~ s/^OWN\r\n// unless $mail{own};
	$out =~ s/\r\n/\n/g;
	return ($reply, $log, $out);
}

# The text that mail() sends, with the line ends of what it returns.
sub plain { return $text =~ s/\r\n/\n/gr }

# The queue has not heard of what a milter has refused or thrown away.
sub not_queued {
	my ($log) = @_;
	my ($id) = $log =~ /(\w+): milter-(?:reject|discard): END/;

	($id) = $log =~ /(\w+): client=/ unless defined $id;
	unlike $w->log, qr/qmgr\[\d+\]: $id/, "not queued";
}

# A warning with the milter's name in it.
sub warns {
	my ($log, $scene, $want, $name) = @_;

	like $log, qr{warning: milter unix:\Q$w->{dir}\E/milter\.$scene->{n}\.\d: $want},
	    $name || "the log says: $want";
}


# Start the milters, the gateway and a next hop, play all scenes, and stop.
sub play_scenes {
	my $only = $ENV{SCENE};

	$w->sink("hop");
	start_milters($_->[1]) for @order;
	for my $s (map { $_->[1] } @order) {
		$w->wait_for(sub { -S "$w->{dir}/milter.$s->{n}.$_" })
		    for 0 .. $#{ $s->{milters} };
	}
	$w->configure(main => <<'EOT', master => $w->expand($master));
relay_domains = example.org
relay_recipient_maps =
transport_maps = inline:{example.org=relay:[127.0.0.1]:${port:hop}}
virtual_alias_maps = inline:{{alias@example.org=a1@example.org,a2@example.org},{alias2@example.org=b@example.org}}
smtpd_recipient_restrictions = check_recipient_access inline:{refused.example=REJECT}
smtpd_client_connection_count_limit = 0
EOT
	$w->start;
	for (@order) {
		my ($name, $scene, $test) = @$_;

		next if defined $only && $name !~ /$only/;
		subtest $name => sub { $test->($scene) };
	}
	is $w->stop, 0, "stops cleanly";
	is $w->complaints, "", "no sanitizer complains";
	done_testing();
}

sub start_milters {
	my ($scene) = @_;
	my @milters = @{ $scene->{milters} };

	for my $i (0 .. $#milters) {
		my $path = "$w->{dir}/milter.$scene->{n}.$i";
		my $file = "$w->{dir}/heard.$scene->{n}.$i";

		$w->peer(sub {
			Weir::Milter::serve($path, $file, %{ $milters[$i] });
		});
	}
}

1;
