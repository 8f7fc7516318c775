/* What replies 4NN and 5NN become on their way out, in whole sessions:
 * smtpd_reject_filter_maps, soft_bounce, smtpd_reject_footer(_maps). */
#include "t/rig.h"
#include "t/tap.h"

static struct rig rig;

static void
says(const char *text, const char *want)
{
	const char *got = rig_say(&rig, text);

	ok(strcmp(got, want) == 0, "%.*s: %.*s",
	    (int)strcspn(text, "\r\n") % 60, text, (int)strcspn(want, "\r\n"),
	    want);
	if (strcmp(got, want) != 0)
		printf("# got %s\n", got);
}

static void
open_with(const char *main_cf)
{
	rig_open(&rig, main_cf);
	rig_connect(&rig, "192.0.2.7");
}

static void
hello(void)
{
	says("HELO me.example\r\n", "250 mx.example.com\r\n");
}

static void
footer(void)
{
	open_with("smtpd_reject_footer = \\c. Client ($client_address) and "
		  "server ($server_name)\\nCall us\n"
		  "smtpd_recipient_restrictions = reject\n");
	says("", "220 mx.example.com ESMTP Postfix\r\n");
	says("FOO\r\n",
	    "500-5.5.2 Error: command not recognized. Client (192.0.2.7) and "
	    "server (mx.example.com)\r\n500 5.5.2 Call us\r\n");
	hello();
	says("MAIL FROM:<a@b.example>\r\n", "250 2.1.0 Ok\r\n");
	says("RCPT TO:<user@example.com>\r\n",
	    "554-5.7.1 <user@example.com>: Recipient address rejected: "
	    "Access denied. Client (192.0.2.7) and server (mx.example.com)\r\n"
	    "554 5.7.1 Call us\r\n");
	rig_hang_up(&rig);
	rig_close(&rig);
}

static void
footer_by_reply(void)
{
	open_with("smtpd_reject_footer = general\n"
		  "smtpd_reject_footer_maps = regexp:{{/not recognized/ "
		  "Try HELP, $$$$client_name}, {/need RCPT/ $$$$(}}\n");
	(void)rig_say(&rig, "");
	says("FOO\r\n",
	    "500-5.5.2 Error: command not recognized\r\n"
	    "500 5.5.2 Try HELP, unknown\r\n");
	says("RCPT TO:<a@b>\r\n",
	    "503-5.5.1 Error: need MAIL command\r\n503 5.5.1 general\r\n");
	says("DATA\r\n", "503 5.5.1 Error: need RCPT command\r\n");
	hello();
	rig_hang_up(&rig);
	rig_close(&rig);
}

/* A blank client: what the refused client is told is told again, whole. */
static void
footer_of_connect(void)
{
	open_with("smtpd_reject_footer = bye\nsmtpd_delay_reject = no\n"
		  "smtpd_client_restrictions = check_client_access "
		  "inline:{{192.0.2.7 = 421 4.7.0 later}}\n");
	says("",
	    "421-4.7.0 <unknown[192.0.2.7]>: Client host rejected: later"
	    "\r\n421 4.7.0 bye\r\n");
	rig_hang_up(&rig);
	rig_close(&rig);
}

static void
filter(void)
{
	open_with("smtpd_reject_filter_maps = regexp:{"
		  "{/^500 .*not recognized/ 421 4.3.0 Go away}, "
		  "{/^503 .*need RCPT/ 250 Fine}, "
		  "{/^503 .*need MAIL/ 403 4.5.1 Not now}}\n"
		  "smtpd_reject_footer = bye\n");
	(void)rig_say(&rig, "");
	says("DATA\r\n",
	    "503-5.5.1 Error: need RCPT command\r\n503 5.5.1 bye\r\n");
	says("RCPT TO:<a@b>\r\n", "403-4.5.1 Not now\r\n403 4.5.1 bye\r\n");
	says("FOO\r\n", "421-4.3.0 Go away\r\n421 4.3.0 bye\r\n");
	rig_hang_up(&rig);
	rig_close(&rig);
}

static void
soft_bounce(void)
{
	open_with("soft_bounce = yes\nsmtpd_reject_footer = 5.5.5 stays\n");
	(void)rig_say(&rig, "");
	says("FOO\r\n",
	    "400-4.5.2 Error: command not recognized\r\n"
	    "400 4.5.2 5.5.5 stays\r\n");
	hello();
	rig_hang_up(&rig);
	rig_close(&rig);
}

int
main(void)
{
	footer();
	footer_by_reply();
	footer_of_connect();
	filter();
	soft_bounce();
	return done_testing();
}
