package Weir::Ledger;

# What a gateway said of each message that it was given, and where each has
# arrived: the promise of the store, kept as accounts are (hostile.md, 3.2).
#
#	my $w = Weir::Ledger::gateway();
#	my $ledger = Weir::Ledger->new($w);
#	$ledger->send("id1");		# one of each kind
#	$ledger->drain or die;		# until the queue is empty
#	is join("\n", $ledger->faults), "", "nothing is wrong";
#
# The kinds: "small" and "large" go to a Maildir and to an SMTP server, "bounce"
# comes back to the Maildir of its sender, "user" is submitted by sendmail.

use strict;
use warnings;

use POSIX ();
use Time::HiRes qw(sleep time);

use Weir;

our @kinds = ("small", "large", "bounce", "user");

# Where each must arrive.
my %places = (small => [ "box", "sink" ], large => [ "box", "sink" ],
    bounce => ["back"], user => ["box"]);

# Larger than what is kept in one record.
my $large = join "", map { sprintf "%076d\r\n", $_ } 1 .. 1200;

# A gateway with all the ways of a message; main => more for main.cf,
# start => 0: not started yet.
sub gateway {
	my (%arg) = @_;
	my ($uid, $gid) = $> == 0 ? (getpwnam "nobody")[2, 3] : ($>, $) + 0);
	my $w = Weir->new(start => 0);

	$w->configure(master => "pickup unix n - n 60 1 pickup\n" .
	    $w->expand($arg{master} || ""),
	    main => <<"EOT" . ($arg{main} || ""));
relay_domains = example.org, example.net
relay_recipient_maps =
relay_transport = relay:[127.0.0.1]:\${port:sink}
virtual_mailbox_domains = example.com
virtual_mailbox_base = \$dir/mail
virtual_mailbox_maps = inline:{box\@example.com=box/, back\@example.com=back/}
virtual_uid_maps = static:$uid
virtual_gid_maps = static:$gid
virtual_minimum_uid = 1
minimal_backoff_time = 1s
maximal_backoff_time = 2s
queue_run_delay = 1s
EOT
	mkdir "$w->{dir}/mail";
	chown $uid, $gid, "$w->{dir}/mail";
	$w->sink("sink",
	    replies => { "RCPT <none\@example.net>" => ["550 5.1.1 Unknown *"] });
	return exists $arg{start} && !$arg{start} ? $w : $w->start;
}

sub new {
	my ($class, $w) = @_;

	return bless { w => $w, said => {}, kind => {}, roles => serving($w) },
	    $class;
}

# The roles of the processes there are, if all of them serve.
sub serving {
	my ($w) = @_;
	my (undef, $text) = $w->command("status");

	return "" if $text =~ /^\w+\s+pid \d+\s+(?!.*serving)/m;
	return join " ", sort $text =~ /^(\w+)\s+pid \d+\s/mg;
}

sub text {
	my ($id, $kind) = @_;

	return "Subject: $id\r\n\r\n" . ($kind eq "large" ? $large : "") .
	    "end of $id\r\n";
}

# The last reply to a message; "" if the gateway hung up.
sub submit {
	my ($self, $kind, $id) = @_;
	my $w = $self->{w};

	if ($kind eq "user") {
		my ($status) = $w->sendmail(text($id, $kind) =~ s/\r//gr,
		    "-f", 'back@example.com', 'box@example.com');
		return $status == 0 ? "250" : "";
	}
	return eval {
		$w->send_mail(from => 'back@example.com',
		    to => $kind eq "bounce" ? 'none@example.net'
			: [ 'box@example.com', 'out@example.org' ],
		    data => text($id, $kind), seconds => 30);
	} // "";
}

# Give it one message of each kind (or of these).
sub send {
	my ($self, $id, @kinds_) = @_;

	for my $kind (@kinds_ ? @kinds_ : @kinds) {
		$self->enter($kind, $id, $self->submit($kind, "$kind-$id"));
	}
}

# What was said to a message of this kind.
sub enter {
	my ($self, $kind, $id, $reply) = @_;

	$self->{kind}{"$kind-$id"} = $kind;
	$self->{said}{"$kind-$id"} = $reply =~ /^250/ ? "taken"
	    : $reply =~ /^[45]\d\d[ -](?!4\.3\.2)/ ? "refused"
	    : "unknown";
}

# What another process has sent, by a file.
sub save {
	my ($self, $file) = @_;

	open my $f, ">", $file or die "$file: $!";
	print $f map { "$_ $self->{kind}{$_} $self->{said}{$_}\n" }
	    sort keys %{ $self->{said} };
	close $f or die "$file: $!";
}

sub load {
	my ($self, $file) = @_;

	for (split /\n/, Weir::read_file($file)) {
		my ($id, $kind, $said) = split;
		$self->{kind}{$id} = $kind;
		$self->{said}{$id} = $said;
	}
}

sub taken { return $_[0]{said}{ $_[1] } eq "taken" }

sub count {
	my ($self, $what) = @_;

	return scalar grep { $_ eq $what } values %{ $self->{said} };
}

# The roles are what they were, each one serves, and nothing is in the queue or
# before it: time passes quickly.
sub drain {
	my ($self, $seconds) = @_;
	my $w = $self->{w};

	return $w->wait_for(sub {
		return 1 if serving($w) eq $self->{roles} &&
		    !(() = glob("$w->{dir}/queue/maildrop/*")) &&
		    ($w->command("mailq"))[1] =~ /^Mail queue is empty/;
		$w->advance(11);
		return 0;
	}, $seconds);
}

# How often each message is at each place; what is not whole is there, too.
sub look {
	my ($self) = @_;
	my $dir = $self->{w}{dir};
	my %at = (box => "$dir/mail/box/new", back => "$dir/mail/back/new",
	    sink => "$dir/sink");
	my (%seen, @torn);

	for my $place (sort keys %at) {
		for my $file (grep { !/\.tmp$/ } glob("$at{$place}/*")) {
			my $text = Weir::read_file($file);
			my ($id) = $text =~ /^Subject: (\w+-[-.\w]+)\r?$/m;
			my $end = $place eq "back" ? qr/--\n\z/
			    : qr/^end of \Q$id\E\r?\n\z/m;
			$seen{$id // "?"}{$place}++;
			push @torn, "torn at $place: " . ($id // $file)
			    if !defined $id || $text !~ $end ||
			    ($id =~ /^large/ && length $text < length($large) *
				76 / 78);
		}
	}
	return (\%seen, @torn);
}

# What is wrong: lost, torn, refused but delivered, and what is somewhere more
# than once.  Only of what was on its way there may be so many more: sink => at
# the SMTP server, user => of what sendmail, unanswered, has put aside.
sub faults {
	my ($self, %more) = @_;
	my @faults;

	# The sink answers, and then writes down what it has got.
	$self->{w}->wait_for(sub {
		@faults = $self->faults_now(%more);
		return !grep { /^taken and lost/ } @faults;
	}, 10);
	return @faults;
}

sub faults_now {
	my ($self, %more) = @_;
	my ($seen, @faults) = $self->look;

	for my $id (sort keys %{ $self->{said} }) {
		my ($said, $kind) = ($self->{said}{$id}, $self->{kind}{$id});
		for my $place (@{ $places{$kind} }) {
			my $n = $seen->{$id}{$place} // 0;
			push @faults, "taken and lost at $place: $id"
			    if $said eq "taken" && $n == 0;
			push @faults, "refused but at $place: $id"
			    if $said eq "refused" && $n > 0;
			push @faults, "$n times at $place: $id"
			    if $n > 1 + ($more{$place} || $more{$kind} || 0);
		}
		delete $seen->{$id};
	}
	push @faults, map { "nobody sent $_" } sort keys %$seen;
	return @faults;
}

1;
