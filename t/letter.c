/* Letters of users: what is one, and what it says. */
#include "weir/letter.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/err.h"
#include "base/spool.h"
#include "t/tap.h"

#define ENVELOPE "MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n"

/* A file with a text, to be read from its start. */
static int
file_of(const char *text, size_t n)
{
	int fd = memfd_create("letter", MFD_CLOEXEC);

	if (write(fd, text, n) != (ssize_t)n || lseek(fd, 0, SEEK_SET) != 0)
		ok(false, "cannot write");
	return fd;
}

static int
read_one(const char *text, size_t n, size_t most, struct err *err)
{
	struct letter l = { .content = spool_new("/tmp") };
	int fd = file_of(text, n);
	int r = letter_read(&l, fd, most, err);

	letter_free(&l);
	(void)close(fd);
	return r;
}

static void
good(const char *text)
{
	struct err err = { 0 };

	ok(read_one(text, strlen(text), 1000, &err) == 0, "%s", text);
}

static void
bad(const char *text, const char *why)
{
	struct err err = { 0 };

	ok(read_one(text, strlen(text), 1000, &err) < 0, "%s", text);
	is(err.text, why, "%s", err.text);
}

static void
print_and_read(void)
{
	struct letter l = { .content = spool_new("/tmp") };
	struct letter back = { .content = spool_new("/tmp") };
	struct err err = { 0 };
	char content[32] = "";
	int fd;

	letter_sender(&l, "a b@c");
	letter_parameter(&l, "XFULLNAME", "M\xc3\xbc +=\n");
	letter_parameter(&l, "XREMOTE", NULL);
	letter_line(&l);
	letter_recipient(&l, "u@v");
	letter_parameter(&l, "NOTIFY", "NEVER");
	letter_line(&l);
	letter_data(&l);
	is(buf_str(&l.commands),
	    "MAIL FROM:<\"a b\"@c> XFULLNAME=M+C3+BC+20+2B+3D+0A XREMOTE\r\n"
	    "RCPT TO:<u@v> NOTIFY=NEVER\r\nDATA\r\n",
	    "the commands");
	ok(spool_put(l.content, "text\r\n.\r\n", 9, &err) == 0, "a content");
	fd = file_of("", 0);
	ok(letter_write(&l, fd, &err) == 0, "written");
	(void)lseek(fd, 0, SEEK_SET);
	ok(letter_read(&back, fd, 1000, &err) == 0, "and read: %s", err.text);
	is(buf_str(&back.commands), buf_str(&l.commands), "the same commands");
	(void)spool_get(back.content, 0, content, sizeof content - 1, &err);
	is(content, "text\r\n.\r\n", "and content");
	(void)close(fd);
	letter_free(&l);
	letter_free(&back);
}

int
main(void)
{
	static const char nul[] = "MAIL FROM:<a\0b>\r\nRCPT TO:<c>\r\nDATA\r\n"
				  ".\r\n";
	struct err err = { 0 };

	print_and_read();
	good(ENVELOPE ".\r\n");
	good(ENVELOPE "\r\n..\r\n.\r\n");
	good(
	    "mail from:<>\r\nrcpt to:<a>\r\nrcpt to:<b>\r\ndata\r\nx\r\n.\r\n");
	good(ENVELOPE "\n.\n");
	good(ENVELOPE "\r.\r\n.\r\n");
	bad("", "not complete");
	bad(ENVELOPE, "not complete");
	bad(ENVELOPE "text\r\n", "not complete");
	bad(ENVELOPE "text.\r\n", "not complete");
	bad(ENVELOPE ".\r\n.\r\n", "malformed");
	bad(ENVELOPE "\n.\nMAIL FROM:<x>\r\n.\r\n", "malformed");
	bad(ENVELOPE "x\r\n.\r\r\ny\r\n.\r\n", "malformed");
	bad("MAIL FROM:<a>\r\nDATA\r\n.\r\n", "malformed");
	bad("RCPT TO:<a>\r\nDATA\r\n.\r\n", "malformed");
	bad("MAIL FROM:<a>\nRCPT TO:<a>\r\nDATA\r\n.\r\n", "malformed");
	bad("EHLO x\r\n" ENVELOPE ".\r\n", "malformed");
	bad("MAIL FROM:<a>\r\nRSET\r\nDATA\r\n.\r\n", "malformed");
	ok(read_one(nul, sizeof nul - 1, 1000, &err) < 0, "NUL");
	ok(read_one(ENVELOPE ".\r\n", strlen(ENVELOPE) + 3,
	       strlen(ENVELOPE) + 2, &err) < 0,
	    "too large");
	is(err.text, "too large", "said so");
	return done_testing();
}
