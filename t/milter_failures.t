#!/usr/bin/perl
# Milters that fail, at each step and in each way, and what becomes of the mail
# then.  Hostile 85.
use strict;
use warnings;

use lib "t/lib";
use Test::More;
use Weir::Scenes;

my $w = gateway();
my $plain = plain();

# Row 85: a milter that fails, at each step and in each way.
my $later = "451 4.7.1 Service unavailable - try again later";
for my $event (qw(O C H M R T L N B E)) {
	scene "gone at $event" => stage({ $event => ["close"] }) => sub {
		my ($arg) = @_;
		my ($reply, $log) = mail($arg);
		is $reply, $later, "row 85: tempfail";
		my %name = (O => "OPTNEG", C => "CONNECT", H => "HELO", M => "MAIL", R => "RCPT",
		    T => "DATA", L => "HEADER", N => "EOH", B => "BODY", E => "BODYEOB");
		warns($log, $arg, "can't read SMFIC_$name{$event} reply packet header: Application error");
	};
}

my %wrong = (
	"an unknown reply" => ["Z", "unexpected filter response \\(unknown filter reply\\) after event SMFIC_MAIL"],
	"a change too early" => ["hX\0v\0", "unexpected filter response SMFIR_ADDHEADER after event SMFIC_MAIL"],
	"a quarantine too early" => ["qx\0", "unexpected filter response SMFIR_QUARANTINE after event SMFIC_MAIL"],
	"a failure" => ["f", "unexpected filter response SMFIR_CONN_FAIL after event SMFIC_MAIL"],
	"something behind it" => ["cxyz", "reply SMFIR_CONTINUE was followed by 3 data bytes"],
	"length 0" => ["raw \0\0\0\0", "bad packet length: 0"],
	"length 2^32-1" => ["raw \xff\xff\xff\xff", "unreasonable packet length: 4294967295 > 1048576"],
	"a short packet" => ["raw \0\0\1\0c", undef],
	"a NUL in a text" => ["y550 5.7.1 a\0b\0", "a text in reply SMFIR_REPLYCODE has a NUL"],
);
for my $what (sort keys %wrong) {
	scene "wrong: $what" => { milters => [{ answers => { M => [$wrong{$what}[0], "close"] } }] } => sub {
		my ($arg) = @_;
		my ($reply, $log) = mail($arg);
		is $reply, $later, "row 85: tempfail";
		warns($log, $arg, $wrong{$what}[1]) if defined $wrong{$what}[1];
	};
}

scene "two replies" => stage({ M => ["raw \0\0\0\1c\0\0\0\1c"] }) => sub {
	my ($arg) = @_;
	my ($reply, $log) = mail($arg);
	is $reply, $later, "row 85: tempfail";
	like $log, qr/unexpected data before event SMFIC_/, "logged";
};

my %greets = (
	"version 7" => [{ version => 7 }, "protocol version 7 conflict with MTA protocol version 6"],
	"actions" => [{ actions => 0xfff }, "request mask 0xfff conflict with MTA request mask 0x1ff"],
	"something else" => [{ answers => { O => ["c"] } }, "unexpected reply \"c\" in initial handshake"],
	"half of it" => [{ answers => { O => ["Oabc"] } }, "read error in initial handshake"],
);
for my $what (sort keys %greets) {
	scene "negotiation: $what" => { milters => [$greets{$what}[0]] } => sub {
		my ($arg) = @_;
		my ($reply, $log) = mail($arg);
		is $reply, $later, "row 85: tempfail";
		warns($log, $arg, $greets{$what}[1]);
	};
}

my %defaults = (
	accept => [qr/^250/, ""],
	reject => [qr/^550 5\.5\.0 Service unavailable$/, ""],
	tempfail => [qr/^\Q$later\E$/, ""],
	quarantine => [qr/^250/, "milter-hold: MAIL from \\S+: milter triggers HOLD action; from="],
	shutdown => [qr/^421 /, ""],
);
for my $action (sort keys %defaults) {
	scene "away: $action" => { milters => [], list => "unix:\$dir/nobody",
		set => ["milter_default_action = $action"] } => sub {
		my ($arg) = @_;
		my ($log, @said) = talk($arg, "EHLO x", "MAIL FROM:<a\@b.example>");
		like $log, qr{warning: connect to Milter service unix:\Q$w->{dir}\E/nobody: No such file or directory}, "logged";
		like $action eq "shutdown" ? $said[0] : $said[2], $defaults{$action}[0], "MAIL";
		like $log, qr/$defaults{$action}[1]/, "logged";
	};
	scene "half done: $action" => { milters => [{ answers => { E => ["hX-Half\0v\0", "bhalf", "close"] } }],
		set => ["milter_default_action = $action"] } => sub {
		my ($arg) = @_;
		my ($reply, $log, $out) = mail($arg, lost => $action eq "quarantine");
		like $reply, $defaults{$action}[0], "row 85: the default";
		is $out, $plain, "nothing is changed by half" if $action eq "accept";
		if ($action eq "quarantine") {
			my ($id) = $reply =~ /(\w+)$/;
			my (undef, $text) = $w->command("postcat", "-q", $id);
			unlike $text, qr/half/i, "nothing is changed by half";
		}
	};
}

scene "silent" => { milters => [{ answers => { M => ["silent"] } }],
	set => ["milter_command_timeout = 100s"] } => sub {
	my ($arg) = @_;
	my ($reply, $log) = gateway()->hurry(sub { heard($arg) =~ /^M /m },
	    sub { mail($arg) });
	is $reply, $later, "row 85: tempfail";
	warns($log, $arg, "can't read SMFIC_MAIL reply packet header: Connection timed out");
};

scene "progress for ever" => { milters => [{ answers => { E => ["endless p"] } }],
	set => ["milter_content_timeout = 100s"] } => sub {
	my ($arg) = @_;
	my ($reply, $log) = gateway()->hurry(sub { heard($arg) =~ /^E /m },
	    sub { mail($arg) });
	is $reply, $later, "row 85: comes to an end";
};

scene "a flood of progress" => { milters => [{ answers => { E => ["flood p"] } }],
	set => ["milter_content_timeout = 100s"] } => sub {
	my ($arg) = @_;
	my ($reply, $log) = gateway()->hurry(sub { heard($arg) =~ /^E /m },
	    sub { mail($arg) });
	is $reply, $later, "row 85: comes to an end, too";
	warns($log, $arg, "can't read SMFIC_BODYEOB reply packet header: Connection timed out");
};

scene "progress" => { milters => [{ answers => { E => ["p", "p", "c"] } }] } => sub {
	my ($arg) = @_;
	my ($reply) = mail($arg);
	like $reply, qr/^250/, "is no answer";
};

play_scenes();
