package Weir::Bench;

# weir test, weir explain ... run in a private directory that has a
# configuration and tables, without a server.
#
#	my $b = Weir::Bench->new("main.cf" => "name = value\n", access => "...");
#	my ($status, $out, $err) = $b->test("table", "texthash:access", "key");

use strict;
use warnings;

use Cwd qw(abs_path);
use File::Temp qw(tempdir);
use Test::More;

my $weir = abs_path(($ENV{OUT} || "build/debug") . "/bin/weir");

sub program { return $weir }

sub new {
	my ($class, %files) = @_;
	my $self = bless {
		dir => tempdir("weir-bench-XXXXXX", TMPDIR => 1, CLEANUP => 1),
	}, $class;

	$self->file($_, $files{$_}) for keys %files;
	return $self;
}

sub file {
	my ($self, $name, $text) = @_;

	open my $f, ">", "$self->{dir}/$name" or die "$name: $!";
	print $f $text;
	close $f;
}

# Run "weir @args" with $self->{input} as its standard input.
sub run {
	my ($self, @args) = @_;
	my $dir = $self->{dir};

	$self->file(".in", delete $self->{input} // "");
	my $pid = fork // die;
	if ($pid == 0) {
		chdir $dir or die;
		delete $ENV{MAIL_CONFIG};
		open STDIN, "<", ".in" or die;
		open STDOUT, ">", ".out" or die;
		open STDERR, ">", ".err" or die;
		exec $weir, @args;
		die;
	}
	waitpid $pid, 0;
	my $status = $? & 127 ? "signal " . ($? & 127) : $? >> 8;
	my ($out, $err) = map {
		open my $f, "<", "$dir/$_" or die;
		join "", <$f>;
	} qw(.out .err);
	return ($status, $out, $err);
}

# weir test with the configuration of this directory.
sub test {
	my ($self, $what, @args) = @_;

	return $self->run("test", $what, "-c", ".", @args);
}

# What it prints, and its status, are so.
sub says {
	my ($self, $what, $status, $want, @args) = @_;
	my ($got_status, $out, $err) = $self->test(@args);

	is $out, $want, $what or diag $err;
	is $got_status, $status, "$what: status";
}

# It fails with a status and a message.
sub refuses {
	my ($self, $what, $status, $pattern, @args) = @_;
	my ($got_status, $out, $err) = $self->test(@args);

	like $err, $pattern, $what;
	is $got_status, $status, "$what: status" or diag $out;
}

1;
