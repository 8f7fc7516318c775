package Corpus;

# Rules as they stand in header_checks and body_checks, and messages of 10 KB
# and 160 lines as they come in, the same ones each time.  Messages have words
# of up to three syllables, rules also such of four: no rule matches, which is
# the most work, but parts of many do.

use strict;
use warnings;

my @syllables = qw(an ba co de en fi ga ho in ka lo me ni or pa ri so ta ur ve);

# A word that messages have, or one that they have not.
sub word {
	my ($foreign) = @_;
	my $length = $foreign ? 4 : 1 + int rand 3;

	return join "", (map { $syllables[rand @syllables] } 1 .. $length),
	    qw(n st)[rand 2];
}

sub domain {
	my ($foreign) = @_;

	return word($foreign) . "-" . word() . qw(.com .net .org .example)[rand 4];
}

sub quoted { return $_[0] =~ s/([.-])/\\$1/gr }

my @header_rules = (
	sub { "^Subject:.*\\b" . word() . "[ -]?" . word(1) . "\\b" },
	sub { "^Subject: (re: )?" . word(1) . " " . word() },
	sub { "^From:.*@([a-z0-9-]+\\.)*" . quoted(domain(1)) },
	sub { "^Received: from \\S*\\." . quoted(domain(1)) },
	sub { "^(To|Cc):.*<?" . word(1) . "\\d+@" },
	sub { "^X-Mailer: " . ucfirst(word(1)) . " [0-9.]+" },
	sub { "^Message-ID: <[0-9a-f]{8,16}\\." . word(1) . "@" },
	sub { "^Content-(Type|Disposition):.*name=\"?[^\"]*" . word(1) .
	    "\\.(exe|scr|pif)" },
	sub { "^(Sender|Reply-To|Return-Path):.*" . word(1) . "(-bounce)?@" },
);
my @body_rules = (
	sub { "https?://([a-z0-9-]+\\.)*" . quoted(domain(1)) . "/" =~
	    s{/}{\\/}gr },
	sub { "\\b" . word() . " " . word(1) . "\\b" },
	sub { word() . ".{0,20}" . word(1) },
	sub { "^\\s*" . word(1) . " (your|our|the) " . word() },
	sub { "\\b" . word(1) . "(s|ing|ed)?\\b.*\\b(free|offer|order)\\b" },
	sub { "(call|fax|phone):? *\\+?1?[ -]?8(00|77|88)[ -]" .
	    join("[ -]", map { 100 + int rand 900 } 1 .. 2) . "\\d" },
	sub { "<a href=\"?[^\">]*" . word(1) . "[^\">]*\"?>" },
	sub { "\\b[a-z]*" . word(1) . "[0-9]{2,4}\\b" },
	sub { word(1) },
);

# rules($count): texts of tables, for headers (two of five) and bodies.
sub rules {
	my ($count) = @_;
	my @texts = ("", "");

	srand 20011;
	for my $i (1 .. $count) {
		my $of_body = $i % 5 > 1 ? 1 : 0;
		my $list = $of_body ? \@body_rules : \@header_rules;
		my $rule = $list->[rand @$list]->();

		$rule =~ s{(?<!\\)/}{\\/}g;
		$texts[$of_body] .= "/$rule/ REJECT rule $i\n";
	}
	return @texts;
}

sub sentence {
	my ($least) = @_;
	my $line = ucfirst word();

	$line .= " " . (rand 12 < 1 ? qw(free offer order the your)[rand 5]
	    : word()) while length $line < $least;
	return $line . (".", ",", "", "!")[rand 4];
}

# message($number): its lines.
sub message {
	my ($number) = @_;

	srand 30000 + $number;
	my @lines = map {
		("Received: from mx$_." . domain() . " (mx$_." . domain() .
		    " [192.0.2.$_])",
		"\tby relay$_." . domain() . " (Postfix) with ESMTPS id " .
		    sprintf("%X", 1e9 + rand 1e9),
		"\tfor <user\@example.org>; Mon,  3 Sep 2001 10:0$_:00 +0200")
	} 1 .. 4;
	push @lines, "Message-ID: <" . sprintf("%x.%s", 1e9 + rand 1e9, word()) .
	    "\@" . domain() . ">",
	    "Date: Mon, 3 Sep 2001 10:00:00 +0200",
	    "From: " . ucfirst(word()) . " <" . word() . "\@" . domain() . ">",
	    "To: user\@example.org, " . word() . "\@" . domain(),
	    "Reply-To: " . word() . "\@" . domain(),
	    "Subject: Re: " . sentence(30),
	    "X-Mailer: " . ucfirst(word()) . " 6.0.2",
	    "List-Id: <" . word() . "." . domain() . ">",
	    "List-Unsubscribe: <https://" . domain() . "/" . word() . ">",
	    "MIME-Version: 1.0",
	    "Content-Type: multipart/alternative; boundary=\"=_$number\"",
	    "", "--=_$number", "Content-Type: text/plain; charset=us-ascii", "";
	push @lines, rand 10 < 1 ? "" : rand 12 < 1
	    ? "  https://" . domain() . "/" . word() . "?id=" . int rand 1e6
	    : sentence(68) while @lines < 102;
	push @lines, "", "--=_$number", "Content-Type: text/html", "",
	    "<html><body>";
	push @lines, rand 8 < 1
	    ? "<a href=\"https://" . domain() . "/" . word() . "\">" . word() .
		"</a><br>"
	    : "<p>" . sentence(65) . "</p>" while @lines < 158;
	push @lines, "</body></html>", "--=_$number--";
	return @lines;
}

1;
