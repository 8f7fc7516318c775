#!/usr/bin/perl
# Header and body checks beside Postfix's, over real ports: replies, what the
# log says, and what is delivered (header_checks(5), issue 4).
use strict;
use warnings;

use lib "t/lib";
use Test::More;
use Weir;
use Weir::Client;

plan skip_all => "no Postfix here"
    unless -x "/usr/sbin/postfix" && $> == 0;
require Weir::Postfix;

my %files = (head => <<'EOT', mime => <<'EOT2', nest => <<'EOT3', body => <<'EOT4');
/^Subject: (reject.*)/ REJECT $1
/^Subject: later/ REJECT 4.7.1 later
/^Subject: status/ REJECT 5.6.7
/^Subject: odd/ REJECT 2.0.0 fine
/^Subject: warn/ WARN a warning
/^Subject: info/ INFO
/^Subject: replace (.*)/ REPLACE X-Was: $1
/^Subject: bad/ REPLACE nocolon
/^Subject: none/ REPLACE
/^Subject: prepend/ PREPEND X-Before: 1
/^Subject: empty/ PREPEND
/^Subject: strip/ STRIP why
/^Subject: ignore/ IGNORE
/^Subject: pass/ PASS on
/^Subject: ok/ OK
/^Subject: dunno/ DUNNO
/^Subject: frob/ FROB x
/^Subject: lower/ warn it
/^Subject: nofilter/ FILTER
/^Subject: badfilter/ FILTER x
/^Subject: badredirect/ REDIRECT x
/^Subject: redirect/ REDIRECT other@example.org
/^Subject: badbcc/ BCC x
/^Subject: bcc/ BCC copy@example.org
/^Subject: discard/ DISCARD it
/^Subject: hold/ HOLD it
/^Subject: both/ WARN both
/^X-Hold/ HOLD again
/^X-Later/ REJECT too late
/^Bcc:/ INFO seen before it goes
/^(Long:)/ INFO
/^X-Eight:/ INFO
EOT
/^Content-Type: (.*)/ INFO mime $1
/^Content-Description:/ IGNORE
/^X-Part: reject/ REJECT a part
EOT2
/^X-Nest/ STRIP
/^Subject:/ REPLACE Subject: nested
EOT3
/^strip/ STRIP this
/^replace(.*)/ REPLACE with$1
/^prepend/ PREPEND before
/^warn/ WARN
/^ignore/ IGNORE
/^reject (.*)/ REJECT $1
/^pass/ PASS
/^\.dot/ REPLACE ..dots
/^--b/ INFO a boundary
/far/ WARN far
EOT4

my $checks = <<'EOT';
header_checks=pcre:$config_directory/head
mime_header_checks=pcre:$config_directory/mime
nested_header_checks=regexp:$config_directory/nest
body_checks=pcre:$config_directory/body
EOT

# Services by name: what is set for them.
my %services = (
	all => "",
	plain => "disable_mime_input_processing=yes",
	seven => "strict_7bit_headers=yes",
	eight => "strict_8bitmime=yes",
	eightbody => "strict_8bitmime_body=yes",
	domain => "strict_mime_encoding_domain=yes",
	short => "header_size_limit=100",
	lines => "line_length_limit=512",
	segment => "body_checks_size_limit=20",
	whole => "body_checks_size_limit=0",
	nesting => "mime_nesting_limit=2",
	boundary => "mime_boundary_length_limit=5",
	stripped => 'message_strip_characters=\007X\141',
	rejected => 'message_reject_characters=\007\015',
	dropped => 'message_drop_headers=subject,x-drop',
	fails => "body_checks=fail:x",
	undetected => "detect_8bit_encoding_header=no",
);

my $test = 0;
my @posts; # [service, data, mail parameters]
sub try {
	my ($service, $data, %arg) = @_;

	$test++;
	$data =~ s/(?<!\r)\n/\r\n/g;
	my $head = $arg{bare} ? "" : "X-Test: $test\r\nFrom: " .
	    "a\@example.net\r\nTo: b\@example.net\r\nDate: Sat, 1 Jan 2022 " .
	    "00:00:00 +0000\r\nMessage-ID: <$test\@example.net>\r\n";
	push @posts, [$service, $head . $data, $arg{mail} // "", $test];
}

try("all", "Subject: $_ it\n all\nX-Later: x\n\nx\n") for qw(reject later
    status odd pass redirect discard);
try("all", "Subject: $_ it\n all\n\nx\n") for qw(warn info replace bad none
    prepend empty strip ignore ok dunno frob lower nofilter badfilter
    badredirect badbcc bcc);
try("all", "Subject: hold x\nX-Hold: y\n\nx\n");
try("all", "Subject: discard\nX-Hold: y\n\nx\n");
try("all", "Bcc: x\@y\nSubject: x\n\n" . join("\n", qw(strip replace prepend
    warn ignore .dot far), "replace it", "", "pass", "reject it", ""));
try("all", "Subject: x\n\nreject with " . "y" x 300 . "\n");
try("all", "Subject: x\n");
try("all", "Subject: both\n\n");
try("all", "Subject : replace x\nsubject:\treplace y\n\n");
try("all", "no header\nSubject: replace\n");
try("all", " a blank first\n\nx\n", bare => 1);
try("all", "\nSubject: replace in the body\n\nx\n", bare => 1);
try("all", "Subject: x\nthis is none\nSubject: warn\n");

my $multi = "MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n" .
    "Content-Description: gone\n\nstrip preamble\n--b\nX-Part: 1\n" .
    "Content-Type: message/rfc822\n\nX-Nest: 1\n folded\nSubject: inner\n" .
    "Content-Description: gone\n\nstrip\nkept\n--b\nX-Eight: 1\n\nwarn\n" .
    "--b--\nstrip epilogue\nend\n";
try($_, $multi) for qw(all plain dropped segment);
try("all", $multi =~ s/X-Part: 1/X-Part: reject/r);
try("all", $multi =~ s/boundary=b/boundary="b"; boundary=c/r);
try("all", $multi =~ s/boundary=b/boundary="\\b" (x)/r);
try("all", $multi =~ s/boundary=b/boundary*=us-ascii''b/r);
try("all", $multi =~ s/boundary=b/boundary*0=b/r);
try("all", $multi =~ s/boundary=b/ boundary = b /r);
try("all", $multi =~ s/Content-Type: m/Content-Type: text\/plain\nContent-Type: m/r);
try("all", $multi =~ s/^Content-Type: multi.*/$&\nContent-Type: text\/plain/mr);
try("all", $multi =~ s/mixed/digest/r);
try("all", $multi =~ s/--b\nX-Eight/--b   \nX-Eight/r);
try("all", $multi =~ s/--b\nX-Eight/--bb\nX-Eight/r);
try("all", $multi =~ s/rfc822/$_/r) for qw(partial external-body global
    delivery-status);

for (qw(seven eight eightbody domain all)) {
	try($_, "X-Eight: \xe4\nSubject: x\n\nx\n");
	try($_, "Subject: x\n\nan \xe4\n");
	try($_, "Content-Type: text/plain; charset=x\n" .
	    "Content-Transfer-Encoding: 8bit\n\nan \xe4\n");
	try($_, "Content-Type: multipart/mixed; boundary=b\n" .
	    "Content-Transfer-Encoding: base64\n\n--b\n\nx\n--b--\n");
	try($_, "Content-Type: message/rfc822\n" .
	    "Content-Transfer-Encoding: quoted-printable\n\nA: b\n\nx\n");
	try($_, "Content-Type: message/partial\n" .
	    "Content-Transfer-Encoding: 8bit\n\nA: b\n\nx\n");
}

for (["8bit"], ["8BIT"], ["binary"], ["7bit"], ["8bit (x)"], ["8bit "],
    ["8bit; x=y"], ["base64"], ["x"], ["8bit\nContent-Transfer-Encoding: 7bit"],
    ["7bit\nContent-Transfer-Encoding: 8bit"]) {
	for my $mail ("", " BODY=8BITMIME") {
		try($_->[1] // "all", "Content-Transfer-Encoding: $_->[0]\n\nx\n",
		    mail => $mail);
	}
}
try("undetected", "Content-Transfer-Encoding: 8bit\n\nx\n");
try($_, $multi =~ s/X-Eight/Content-Transfer-Encoding: 8bit\nX-Eight/r)
    for qw(all plain);

try("short", "Long: " . "x" x 300 . "\nSubject: warn\n\nx\n");
try("short", "Long: " . "x" x 80 . "\n" . " y\n" x 30 . "Subject: warn\n\nx\n");
try("short", "Subject: replace " . "z" x 60 . "\n\nx\n");
try("lines", "Subject: x\n\n" . "y" x 510 . "far\n" . "y" x 512 .
    "strip\n" . "y" x 512 . "replace\nwarn\n" . "y" x 511 . "\nwarn\n");
try("lines", "X-Long: " . "y" x 600 . "\n " . "z" x 600 . "\n\nx\n");
try($_, "Subject: x\n\n" . ("y" x 9 . "\n") x 3 . "far\n") for qw(segment whole);
try("whole", "Subject: x\n\n" . ("y" x 99 . "\n") x 600 . "far\n");
try("all", "Subject: x\n\n" . ("y" x 99 . "\n") x 600 . "far\n");
sub nested {
	my ($n) = @_;

	return join("", map { "Content-Type: multipart/mixed; boundary=x$_\n" .
	    "\n--x$_\n" } 1 .. $n) . "\nstrip\n" .
	    join("", map { "--x$_--\n" } reverse 1 .. $n);
}
try("nesting", nested($_)) for 1 .. 5;
try("boundary", $multi =~ s/boundary=b/boundary=bbbbb1/r =~
    s/--b/--bbbbb2/gr);
try("boundary", $multi =~ s/boundary=b/boundary=bbbb1/r =~ s/--b/--bbbb2/gr);
try("stripped", "Subject: aXb\007c\n\nXaXaX\007\n\n.X\n");
try("rejected", "Subject: x\n\na\007\n");
try("rejected", "Subject: x\n\na\n");
try("dropped", "X-Drop: a\n b\nX-Kept: c\nBcc: d\@example.net\n\nX-Drop: e\n");
try("fails", "Subject: x\n\nx\n");

my ($main, $weir_master, $postfix_master) = (<<'EOT', "", "");
relay_domains = example.org
relay_recipient_maps =
relayhost = [127.0.0.1]:${port:SINK}
smtp_connection_cache_on_demand = no
EOT
for my $name (sort keys %services) {
	my %set = map { /^(\w+)=(.*)/ } split /\n/, "$checks$services{$name}";
	my $options = join "", map { " -o $_=$set{$_}" } sort keys %set;

	$weir_master .= "127.0.0.1:\${port:our_$name} inet n - n - - smtpd$options\n";
	$postfix_master .= "127.0.0.1:\${port:their_$name} inet n - n - - smtpd -o cleanup_service_name=$name $options\n" .
	    "$name unix n - n - 0 cleanup$options\n";
}

# What is delivered by the number of the test, without what differs by nature.
sub delivered {
	my ($w, $dir) = @_;
	my %by;

	for ($w->messages($dir, 0, 1)) {
		s/^((?:X-(?:From|To): .*\n)+)//;
		my $envelope = join "", sort $1 =~ /(.*\n)/g;
		next if $envelope =~ /double-bounce/; # notices to postmaster
		s/^((?:[\w-]+ ?:.*\r\n(?:[ \t].*\r\n)*)*?)Received: .*\r\n(?:[ \t].*\r\n)*/$1/
		    or fail "no Received";
		s/^(?:Message-Id: <2.*|Date: .*GMT|Date: (?!Sat, 1 Jan).*|From: .*)\r\n//mgi;
		my $id = /^X-Test: (\d+)\r/m ? $1 : "bare";
		push @{ $by{$id} }, $envelope . $_;
	}
	# They arrive in any order.
	return { map { $_ => join "", sort @{ $by{$_} } } keys %by };
}

sub converse {
	my ($w, $which) = @_;

	return map {
		my ($service, $data, $mail) = @$_;
		my $reply = Weir::Client->new($w->port("${which}_$service"))
		    ->deliver(from => 'a@example.net', mail => $mail,
			to => ['u@example.org'], data => $data);
		$reply =~ s/queued as \w+/queued/;
		$reply =~ s/\s*\z//;
		$reply;
	} @posts;
}

sub decisions {
	my ($log) = @_;

	return [map { /cleanup\[\d+\]: (.*)/ && $1 !~ /message-id=|overriding
	    |lookup\ error\ for|fail:x|system\ clock/x
	    ? $1 =~ s/\b[0-9A-F]{9,14}\b/ID/r : () } split /\n/, $log];
}

my $w = Weir->new(main => $main =~ s/SINK/ours/r, files => \%files,
    master => $weir_master);
my $ours = $w->sink("ours");
my $theirs = $w->sink("theirs");
my $dir = "$w->{dir}/postfix";
mkdir $dir;
mkdir "$dir/etc";
$w->write_file("$dir/etc/$_", $files{$_}) for keys %files;
my $postfix = Weir::Postfix->start($dir, port => $w->port("postfix"),
    main => $w->expand($main =~ s/SINK/theirs/r),
    master => $w->expand($postfix_master));
$w->wait_port($w->port("their_$_")) for keys %services;

my @our_replies = converse($w, "our");
my @their_replies = converse($w, "their");
is $our_replies[$_], $their_replies[$_],
    "the reply to message $posts[$_][3], $posts[$_][0]" for 0 .. $#posts;
is_deeply decisions($w->log), decisions($postfix->log), "the log";
my $all = grep { /^250/ } @our_replies;
sub settled {
	my ($log) = @_;

	# One has two recipients.
	return $all < grep { /status=|: hold: |: discard: / && !/postmaster/ }
	    split /\n/, $log;
}
$w->wait_for(sub { settled($w->log) }, 30);
$w->wait_for(sub { settled($postfix->log) }, 30);
my ($our, $their) = (delivered($w, $ours), delivered($w, $theirs));
for (sort keys %{{%$our, %$their}}) {
	is $our->{$_}, $their->{$_}, "what is delivered of message $_";
}
$postfix->stop;
is $w->stop, 0, "stops cleanly";
is $w->complaints, "", "no sanitizer complains";
done_testing;
