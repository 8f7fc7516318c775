#!/usr/bin/perl
# Templates of notices: what Postfix reads in a file, we read, and show in the
# same way.  Q-51.
use strict;
use warnings;

use Cwd qw(abs_path);
use File::Temp qw(tempdir);
use Test::More;

my $weir = abs_path(($ENV{OUT} || "build/debug") . "/bin/weir");
plan skip_all => "Postfix is not installed" unless -x "/usr/sbin/postconf";
my $dir = tempdir("weir-notices-XXXXXX", TMPDIR => 1, CLEANUP => 1);

sub spew {
	my ($path, $text) = @_;
	open my $f, ">", $path or die "$path: $!";
	print $f $text;
	close $f;
}

spew "$dir/main.cf", <<'EOT';
compatibility_level = 3.6
myhostname = xn--mgk-fla.example
mydomain = example
delay_warning_time = 90m
foo = a $bar
bar = b
EOT
spew "$dir/master.cf", "";

# Start a command, whose output goes to files with that name.
sub start {
	my ($name, @command) = @_;
	my $pid = fork // die "fork: $!";

	if ($pid == 0) {
		open STDOUT, ">", "$dir/$name.out" or die;
		open STDERR, ">", "$dir/$name.err" or die;
		exec @command;
		die;
	}
	return $pid;
}

sub slurp {
	my ($path) = @_;
	open my $f, "<", $path or die "$path: $!";
	return do { local $/; <$f> } // "";
}

# What it says: status, warnings (each once, without the words that differ),
# which Postfix's has for each time it reads, and the templates.
sub told {
	my ($name, $pid) = @_;
	my %seen;

	waitpid $pid, 0;
	my $status = $? >> 8;
	my @err = grep { !$seen{$_}++ } split /^/m, slurp("$dir/$name.err");
	s/^\S+: // for @err;
	s/\.cf(?::\d+|, line \d+)?:/.cf:/ for @err;
	# What is ours, or stands in two lines more.
	@err = grep { !/\[built-in\]|^warning: (?:please (?!re|in)|-- ig|for ins|trunc)/ } @err;
	s/8-bit message text in failure template\K.*// for @err;
	my @part = slurp("$dir/$name.out") =~ /^(\w+ = <<EOF\n.*?^EOF)$/msg;
	return ($status, join("", @err), @part);
}

my @texts = (
	"", "failure_template\n", "= <<E\nE\n", "failure_template = <<\n",
	"failure_template = <<'E'\n\nx\nE\n", "failure_template = << E 1\nx\nE\nE 1\n",
	"failure_template = x\n", "unknown_template = <<E\nx\nE\n",
	(map { "failure_template = <<E\n$_\nE\n" } "Subject:\n\nx",
		"Subject: \xe4\n\nx", "Foo: x\n\nx", "Charset: x\n\n\xe4",
		"\xe4", "Subject: x\n\n", "", "\n\n", "Subject : x\n \n\n x\n\n",
		"subject: a\nSUBJECT: b\nFrom: a b <c> \n\nx: y", ": x\n\ny",
		"\nhello: world", 'x $$y $foo $(bar) ${foo?{1}:{2}} ${bar?x}${baz:y}',
		'$delay_warning_time_hours $delay_warning_time_seconds',
		'$delay_warning_time_days $maximal_queue_lifetime_weeks',
		'$mydomain $delay_warning_time', '$nothing', '${bar',
		"Charset: utf-8\n\n\$myhostname"),
	"success_template = <<E\nPostmaster-Subject: x\n\nx\nE\n",
	"#\n\n verify_template=<<E\nSubject: v\n\nx\nE\ndelay_template = <<E\n" .
	    "Postmaster-Subject: p\n\nx\nE\n",
);
# A Postfix that complains sleeps a second.
my %theirs;
for my $n (0 .. $#texts) {
	spew "$dir/$n.cf", $texts[$n];
	$theirs{"$n$_"} = start("p$n$_", "postconf", "-c", $dir, $_,
	    "$dir/$n.cf") for "-b", "-t";
}
for my $n (0 .. $#texts) {
	for my $option ("-b", "-t") {
		my @theirs = told("p$n$option", $theirs{"$n$option"});
		my @ours = told("w", start("w", $weir, "postconf", "-c", $dir,
		    $option, "$dir/$n.cf"));
		my $what = "$option: " .
		    ($texts[$n] =~ s/\n/|/gr =~ s/[^ -~]/?/gr);
		is $ours[0], $theirs[0], "$what: status";
		is $ours[1], $theirs[1], "$what: said";
		next if $ours[0] != 0;
		is scalar @ours, scalar @theirs, "$what: templates";
		# The words that are built in differ.
		for my $i (2 .. $#theirs) {
			next if $ours[$i] =~ /This is the mail system at host/;
			is $ours[$i], $theirs[$i], "$what: $i";
		}
	}
}
done_testing;
