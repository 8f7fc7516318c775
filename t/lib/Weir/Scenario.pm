package Weir::Scenario;

# A gateway that a scenario test configures again and again, and what it then
# does with addresses.  Each step that must succeed is a test of its own.
#
#	my $w = Weir::Scenario->new(base => "name = value\n");
#	$w->take("other = value\n");
#	is $w->rcpt('a@b.example'), "250 2.1.5 Ok", "accepted";

use strict;
use warnings;

use parent "Weir";
use Test::More;

# As Weir->new; base is the part of main.cf that each configuration has but for
# what it sets itself.
sub new {
	my ($class, %arg) = @_;
	my $base = delete $arg{base} // "";
	my $self = $class->SUPER::new(%arg, main => $base);

	$self->{base} = $base;
	$self->{seen} = 0;
	return $self;
}

# What is common, but for what $main sets, and $main.
sub with_base {
	my ($self, $main) = @_;
	my $rest = $self->{base};

	$rest =~ s/^\Q$1\E =.*\n//m while $main =~ /^(\w+) *=/mg;
	return $rest . $main;
}

# Take a configuration into the running gateway; what reload said.
sub take {
	my ($self, $main, %arg) = @_;
	my ($status, $text) =
	    $self->reconfigure(main => $self->with_base($main), %arg);

	is $status, 0, "configuration is taken" or diag $text;
	return $text;
}

# The same for what the queue and those who deliver read: a reload ends before
# all of them have taken it over.
sub restart {
	my ($self, $main, %arg) = @_;

	$self->configure(main => $self->with_base($main), %arg);
	is $self->stop, 0, "stops";
	ok $self->start, "starts again";
}

# One that must be refused, with a text that matches.
sub refuse {
	my ($self, $main, $pattern, $what, %arg) = @_;
	my ($status, $text) =
	    $self->reconfigure(main => $self->with_base($main), %arg);

	isnt $status, 0, "$what: a reload is refused";
	like $text, $pattern, "$what: and says why";
}

# A table's source, and its index.
sub index_table {
	my ($self, $name, $text) = @_;
	my ($status, $said) = $self->table($name, $text);

	is $status, 0, "postmap $name" or diag $said;
	return "$self->{dir}/etc/$name";
}

# Give a message to the gateway and wait until the sink has it: that message.
sub passes {
	my ($self, $from, $to, %arg) = @_;
	my $id = "scenario-" . ++$self->{seen};
	my $reply = $self->send_mail(from => $from, to => $to, %arg,
	    data => ($arg{head} || "") . "Subject: $id.\r\n\r\nx\r\n");

	like $reply, qr/^250/, "$from -> @{[ ref $to ? @$to : $to ]} is taken"
	    or return "";
	return $self->wait_for(sub {
		return (grep { /^Subject: \Q$id\E\./m }
		    $self->messages("$self->{dir}/sink", 0))[0];
	}) || (diag($self->log), "")[1];
}

# The envelope of a message as the sink gets it; recipients are one or a list,
# in any order.
sub rewritten {
	my ($self, $what, $from, $to, $new_from, $new_to) = @_;
	my $m = $self->passes($from, $to);
	my ($f, @t) = ($m =~ /^X-From: <(.*?)>/m, $m =~ /^X-To: <(.*?)>$/mg);

	is $f, $new_from, "$what: sender $from";
	is "@{[ sort @t ]}", ref $new_to ? "@{[ sort @$new_to ]}" : $new_to,
	    "$what: recipient @{[ ref $to ? @$to : $to ]}";
}

# Where transport_maps sends an address: the text of an error transport.
sub chosen {
	my ($self, $address, $text, $what) = @_;

	is $self->rcpt($address), $text eq "" ? "250 2.1.5 Ok"
	    : "550 5.1.1 <$address>: Recipient address rejected: $text",
	    "$what: $address";
}

# Domains that are ours, and others, for a client that may not relay.
sub ours {
	my ($self, $domains, $foreign, $what) = @_;
	my @replies = $self->rcpt([ map { "user\@$_" } @$domains, @$foreign ]);

	is shift @replies, "250 2.1.5 Ok", "$what: $_" for @$domains;
	is shift @replies, "554 5.7.1 <user\@$_>: Relay access denied",
	    "$what: not $_" for @$foreign;
}

# The end of each test.
sub finish {
	my ($self) = @_;

	is $self->stop, 0, "stops cleanly";
	is $self->complaints, "", "no sanitizer complains";
	unlike $self->log, qr/panic|fatal/, "nothing died";
	done_testing;
}

1;
