#!/usr/bin/perl
# How a session begins, beside Postfix's client: what is overlooked of what a
# server offers, replies that the admin replaces, firewalls that spoil SMTP, and
# the choice of EHLO or HELO (issue 5; I-61, P-118).
use strict;
use warnings;

use lib "t/lib";
use Test::More;

BEGIN {
	require Weir::Hops;
	my $lacking = Weir::Hops::lacking();
	plan skip_all => $lacking if $lacking;
}

my $hops = Weir::Hops->new(files => { overlook => <<'EOT', pix => <<'EOP',
/^127\.0\.1\./ 8BITMIME, dsn
EOT
/^127\.0\.1\.\d*[02468]$/ disable_esmtp
/^127\.0\.1\.\d*[13579]$/ disable_esmtp delay_dotcrlf
EOP
    replies => <<'EOR', silent => "/./ silent-discard, size\n" });
/^220 flip/ 554 5.3.2 flop
/^250-SIZE/ 250-PIPELINING
/^550 5\.1\.1 (\w+)$/ 450 4.1.1 $1 perhaps
/^250 2\.1\.5 twice/ 250 2.1.5 thrice
/^250 2\.0\.0 Ok: sunk/ not a reply
/^250 2\.1\.0 fine/ 250-2.1.0 more
EOR
my $all = join "\r\n", "250-sink", map({ "250-$_" } "8BITMIME", "SIZE 1000000",
    "DSN", "ENHANCEDSTATUSCODES", "ETRN", "VRFY", "CHUNKING", "AUTH PLAIN",
    "XCLIENT NAME", "XFORWARD NAME ADDR", "STARTTLS"), "250 SMTPUTF8";
my @dsn = (mail => " BODY=8BITMIME RET=HDRS ENVID=x", rcpt => " NOTIFY=FAILURE");

for ("8bitmime", "SIZE,dsn", "size/dsn", "xclient,vrfy,verp,size", "silent-discard,dsn", "silent-discard",
    "nonsense", "nonsense,8bitmime", "auth,etrn,xclient,xforward,starttls",
    "enhancedstatuscodes,smtputf8,chunking,pipelining,verp") {
	$hops->try("discard $_", ehlo => $all, @dsn,
	    set => "smtp_discard_ehlo_keywords=$_");
}
my $maps = 'smtp_discard_ehlo_keyword_address_maps';
$hops->try("discard by address", ehlo => $all, @dsn,
    set => "$maps=pcre:\$config_directory/overlook");
$hops->try("discard by address, not by keyword", ehlo => $all, @dsn,
    set => "$maps=pcre:\$config_directory/overlook " .
    "smtp_discard_ehlo_keywords=size");
$hops->try("discard by address in silence", ehlo => $all, @dsn,
    set => "$maps=pcre:\$config_directory/silent");
$hops->try("discard by keyword, no address", ehlo => $all, @dsn,
    set => "$maps=inline:{x=dsn} smtp_discard_ehlo_keywords=size");
$hops->try("discard, no answer", ehlo => $all,
    set => "$maps=fail:x smtp_discard_ehlo_keywords=size");
$hops->try("LMTP: discard", ehlo => $all, lmtp => 1, @dsn,
    set => 'lmtp_discard_lhlo_keyword_address_maps=pcre:$config_directory/overlook');
$hops->try("LMTP: discard, no answer", lmtp => 1,
    set => 'lmtp_discard_lhlo_keyword_address_maps=fail:x');

my $filter = 'smtp_reply_filter=pcre:$config_directory/replies';
my @taken = (DOT => ["250 2.0.0 Ok: taken *"]);
my @filtered = (set => $filter, ehlo => $all, replies => {@taken});
$hops->try("a greeting is replaced", @filtered, banner => "220 flip");
$hops->try("a line of EHLO is replaced", @filtered);
$hops->try("a refusal is replaced", @filtered, banner => "220 x ESMTP",
    replies => { RCPT => ["550 5.1.1 unknown"] });
$hops->try("only whole lines", @filtered,
    replies => { RCPT => ["550-5.1.1 a\r\n550 5.1.1 b c"] });
$hops->try("an acceptance is replaced", @filtered,
    replies => { RCPT => ["250 2.1.5 twice"], @taken });
$hops->try("no more a reply", @filtered, replies => {}, differs => [
    qr/status=deferred \(protocol error: malformed reply from /,
    qr/non-ESMTP response/ ]);
$hops->try("a line goes on", @filtered,
    replies => { MAIL => ["250 2.1.0 fine\r\n250 2.1.0 Ok"], @taken });
$hops->try("replies: no answer", set => "smtp_reply_filter=fail:x");
$hops->try("LMTP: replaced", lmtp => 1,
    set => 'lmtp_reply_filter=pcre:$config_directory/replies',
    replies => { RCPT => ["550 5.1.1 unknown"] });

my @stars = (banner => "220 " . "*" x 60, ehlo => $all);
my $old = "smtp_pix_workaround_threshold_time=0s " .
    "smtp_pix_workaround_delay_time=1s";
$hops->try("PIX", @stars);
$hops->try("PIX, old mail", @stars, set => $old);
$hops->try("PIX, two lines", ehlo => $all, set => $old,
    banner => "220-***\r\n220 **2**0**");
$hops->try("PIX, not quite", ehlo => $all, banner => "220 ****x****");
$hops->try("PIX, only a code", ehlo => $all, banner => "220 ");
$hops->try("PIX: $_", @stars, set => "$old smtp_pix_workarounds=$_")
    for "", "disable_esmtp", "Delay_DotCrLf", "nonsense",
    "delay_dotcrlf,disable_esmtp";
$hops->try("PIX by address, $_", @stars, set => "$old " .
    'smtp_pix_workaround_maps=pcre:$config_directory/pix') for 1, 2;
$hops->try("PIX by address, not there", @stars, set => "$old " .
    'smtp_pix_workaround_maps=inline:{x=disable_esmtp}');
$hops->try("LMTP: PIX", @stars, lmtp => 1, set => $old =~ s/smtp_/lmtp_/gr);
$hops->try("PIX, old, in one go", banner => "220 " . "*" x 60, set => "$old " .
    "smtp_pix_workarounds=delay_dotcrlf", ehlo => "250-x\r\n250 PIPELINING");

for my $banner ("220 sink ESMTP", "220 sink", "220-sink\r\n220 ESMTP",
    "220 sink esmtp", "220 sink SMTP/ESMTP") {
	$hops->try("no EHLO unless asked, $banner", ehlo => $all,
	    banner => $banner, set => "smtp_always_send_ehlo=no");
}
$hops->try("never EHLO", ehlo => $all, set => "smtp_never_send_ehlo=yes");
$hops->try("EHLO, then HELO", replies => { EHLO => ["502 5.5.1 what *"] });
$hops->try("both refused", replies => { EHLO => ["502 5.5.1 what *"],
    HELO => ["550 5.7.1 no *"] });

$hops->compare;
my %discarded = map { $_ => join "", sort $hops->log_of($_) =~
    /: (discarding EHLO keywords: .*\n)/g } "weir", "postfix";
# Postfix has a slip there.
$discarded{postfix} =~ s/EHLO_MASK_SMTPUTF8/SMTPUTF8/g;
is $discarded{weir}, $discarded{postfix}, "what is discarded is logged";
done_testing;
