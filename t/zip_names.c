/* Zip archives, whole, cut, contradicting themselves, within each other. */
#include "checks/zip_names.h"

#include <string.h>
#include <zlib.h>

#include "base/buf.h"
#include "base/fatal.h"
#include "t/tap.h"

/* An archive that is being written. */
struct archive {
	struct buf data, directory;
	unsigned count;
};

struct member {
	const char *name;
	const void *data;
	size_t len;
	bool deflate;
	unsigned flags;
	const char *other_name; /* in the directory; NULL: the same */
	size_t stated;          /* packed size in the header; 0: the truth */
	const void *extra;
	size_t extra_len;
};

static void
put(struct buf *b, unsigned long value, int octets)
{
	for (; octets > 0; octets--, value >>= 8)
		buf_putc(b, (char)(value & 0xFF));
}

static void
pack(const struct member *m, struct buf *out)
{
	z_stream z = { .next_in = (unsigned char *)(size_t)m->data,
		.avail_in = (unsigned)m->len };
	size_t room = m->len + m->len / 100 + 1000;

	if (!m->deflate) {
		buf_put(out, m->data, m->len);
		return;
	}
	must(deflateInit2(
		 &z, 9, Z_DEFLATED, -MAX_WBITS, 9, Z_DEFAULT_STRATEGY) == Z_OK);
	z.next_out = (unsigned char *)buf_reserve(out, room);
	z.avail_out = (unsigned)room;
	must(deflate(&z, Z_FINISH) == Z_STREAM_END);
	buf_added(out, room - z.avail_out);
	must(deflateEnd(&z) == Z_OK);
}

static void
common(struct buf *b, const struct member *m, size_t packed, const char *name)
{
	put(b, m->flags, 2);
	put(b, m->deflate ? 8 : 0, 2);
	put(b, 0, 4);
	put(b, 0, 4);
	put(b, packed, 4);
	put(b, m->len, 4);
	put(b, strlen(name), 2);
	put(b, m->extra_len, 2);
}

static void
add(struct archive *a, const struct member *m)
{
	const char *other = m->other_name != NULL ? m->other_name : m->name;
	struct buf packed = { 0 };
	size_t at = a->data.len, stated;

	pack(m, &packed);
	stated = m->stated > 0 ? m->stated : packed.len;
	put(&a->data, 0x04034b50, 4);
	put(&a->data, 20, 2);
	common(&a->data, m, (m->flags & 8) != 0 ? 0 : stated, m->name);
	buf_puts(&a->data, m->name);
	buf_put(&a->data, m->extra, m->extra_len);
	buf_put(&a->data, packed.data, packed.len);
	put(&a->directory, 0x02014b50, 4);
	put(&a->directory, 20, 2);
	put(&a->directory, 20, 2);
	common(&a->directory, m, packed.len, other);
	put(&a->directory, 0, 2 + 2 + 2);
	put(&a->directory, 0, 4);
	put(&a->directory, at, 4);
	buf_puts(&a->directory, other);
	buf_put(&a->directory, m->extra, m->extra_len);
	a->count++;
	buf_free(&packed);
}

static void
finish(struct archive *a)
{
	size_t at = a->data.len;

	buf_put(&a->data, a->directory.data, a->directory.len);
	put(&a->data, 0x06054b50, 4);
	put(&a->data, 0, 4);
	put(&a->data, a->count, 2);
	put(&a->data, a->count, 2);
	put(&a->data, a->directory.len, 4);
	put(&a->data, at, 4);
	put(&a->data, 0, 2);
	buf_free(&a->directory);
}

static void
take_member(void *arg, const char *name, size_t len)
{
	buf_put(arg, name, len);
	buf_putc(arg, '|');
}

static void
take_fact(void *arg, enum zip_fact fact)
{
	static const char *const words[] = { "ENCRYPTED", "DAMAGED", "NESTED",
		"LIMIT" };

	buf_printf(arg, "%s|", words[fact]);
}

static void
read_in_steps(const char *p, size_t n, size_t step, struct zip_limits limits,
    struct buf *out)
{
	const struct zip_names_sink sink = { take_member, take_fact, out };
	struct zip_names *z = zip_names_new(&sink, &limits);

	for (size_t i = 0; i < n; i += step)
		zip_names_feed(z, p + i, n - i < step ? n - i : step);
	zip_names_end(z);
	zip_names_free(z);
}

static const struct zip_limits enough = { 1000, 1 << 20 };

static void
reads_within(struct zip_limits limits, const struct buf *data, const char *want,
    const char *what)
{
	static const size_t steps[] = { 1, 57, 1 << 20 };

	for (size_t i = 0; i < 3; i++) {
		struct buf out = { 0 };

		read_in_steps(data->data, data->len, steps[i], limits, &out);
		is(buf_str(&out), want, "%s, %zu octets at a time: %s", what,
		    steps[i], buf_str(&out));
		buf_free(&out);
	}
}

static void
reads(struct archive *a, const char *want, const char *what)
{
	reads_within(enough, &a->data, want, what);
	buf_free(&a->data);
	buf_free(&a->directory);
	*a = (struct archive){ .count = 0 };
}

static void
test_plain(void)
{
	struct archive a = { .count = 0 };

	finish(&a);
	reads(&a, "", "an empty archive");
	add(&a, &(struct member){ .name = "a.txt", .data = "aaa", .len = 3 });
	add(&a,
	    &(struct member){ .name = "dir/b.exe",
		.data = "bbbbbbbb",
		.len = 8,
		.deflate = true });
	finish(&a);
	reads(&a, "a.txt|dir/b.exe|a.txt|dir/b.exe|", "two members");
	add(&a,
	    &(struct member){ .name = "x.exe",
		.data = "bbbbbbbb",
		.len = 8,
		.deflate = true,
		.flags = 8 });
	add(&a, &(struct member){ .name = "../y\\z", .data = "", .flags = 8 });
	finish(&a);
	reads(&a, "x.exe|../y\\z|x.exe|../y\\z|", "sizes behind the members");
	add(&a, &(struct member){ .name = "x", .flags = 1 });
	finish(&a);
	reads(&a, "x|ENCRYPTED|x|", "an encrypted member");
	ok(zip_names_begins("PK\3\4", 4) && zip_names_begins("PK\5\6x", 5) &&
		!zip_names_begins("PK\3", 3) && !zip_names_begins("PK\1\2", 4),
	    "how archives begin");
}

static void
test_names(void)
{
	static const char unicode[] = "\x75\x70\x0a\0\1....y.exe";
	struct archive a = { .count = 0 };

	add(&a, &(struct member){ .name = "\x81.exe" });
	finish(&a);
	reads(&a, "\xc2\x81.exe|\xc3\xbc.exe|\xc2\x81.exe|\xc3\xbc.exe|",
	    "CP437");
	add(&a, &(struct member){ .name = "\xc3\xbc", .flags = 0x800 });
	finish(&a);
	reads(&a, "\xc3\xbc|\xc3\xbc|", "UTF-8");
	add(&a,
	    &(struct member){
		.name = "x.txt", .extra = unicode, .extra_len = 14 });
	finish(&a);
	reads(&a, "x.txt|y.exe|x.txt|y.exe|", "another name among the extras");
	add(&a, &(struct member){ .name = "x.txt", .other_name = "x.exe" });
	finish(&a);
	reads(&a, "x.txt|x.exe|DAMAGED|", "two names for one member");
}

static void
test_damage(void)
{
	struct archive a = { .count = 0 };
	struct member m = { .name = "a", .data = "aaaaaaaaaa", .len = 10 };

	add(&a, &m);
	reads(&a, "a|DAMAGED|", "without a directory");
	add(&a, &m);
	finish(&a);
	buf_cut(&a.data, a.data.len - 22);
	reads(&a, "a|a|DAMAGED|", "without its end");
	m.stated = 100000;
	add(&a, &m);
	m.name = "b.exe";
	m.stated = 0;
	add(&a, &m);
	finish(&a);
	reads(&a, "a|b.exe|a|b.exe|DAMAGED|", "a member that has all others");
	m.stated = 3;
	m.deflate = true;
	m.len = 10;
	add(&a, &m);
	finish(&a);
	reads(&a, "b.exe|b.exe|", "a size that nothing depends on");
	m.flags = 8;
	add(&a, &m);
	a.data.data[31 + 4] = '\xff';
	finish(&a);
	reads(&a, "b.exe|DAMAGED|b.exe|", "what cannot be inflated");
	buf_puts(&a.data, "MZ...PK PK\3\4");
	m = (struct member){ .name = "x" };
	add(&a, &m);
	finish(&a);
	reads(&a, "x|x|", "behind a program");
	buf_puts(&a.data, "nothing");
	reads(&a, "DAMAGED|", "none");
}

static void
test_nested(void)
{
	struct archive a = { .count = 0 }, b = { .count = 0 };
	struct archive c = { .count = 0 };
	struct member inner = { .name = "inner.exe", .data = "x", .len = 1 };
	struct zip_limits few = { 2, 1 << 20 }, small = { 1000, 30 };

	add(&a, &inner);
	finish(&a);
	add(&b,
	    &(struct member){
		.name = "b.zip", .data = a.data.data, .len = a.data.len });
	finish(&b);
	reads(&b, "b.zip|inner.exe|inner.exe|b.zip|", "stored");
	for (unsigned flags = 0; flags <= 8; flags += 8) {
		add(&b,
		    &(struct member){ .name = "b.zip",
			.data = a.data.data,
			.len = a.data.len,
			.deflate = true,
			.flags = flags });
		finish(&b);
		if (flags == 8)
			break;
		reads(&b, "b.zip|inner.exe|inner.exe|b.zip|", "deflated");
	}
	reads_within(few, &b.data, "b.zip|inner.exe|LIMIT|", "few members");
	reads_within(small, &b.data, "b.zip|LIMIT|", "few octets");
	add(&c,
	    &(struct member){ .name = "c.zip",
		.data = b.data.data,
		.len = b.data.len,
		.deflate = true });
	finish(&c);
	reads(&c, "c.zip|b.zip|NESTED|b.zip|c.zip|", "deeper");
	buf_free(&a.data);
	buf_free(&b.data);
}

/* A member of megabytes of nothing is not inflated, unless nobody says where it
 * ends. */
static void
test_bomb(void)
{
	static char zeros[4 << 20];
	struct archive a = { .count = 0 };
	struct member m = { .name = "zeros",
		.data = zeros,
		.len = sizeof zeros,
		.deflate = true };

	add(&a, &m);
	finish(&a);
	reads(&a, "zeros|zeros|", "a bomb");
	m.flags = 8;
	add(&a, &m);
	finish(&a);
	reads(&a, "zeros|LIMIT|", "a bomb without a size");
}

int
main(void)
{
	test_plain();
	test_names();
	test_damage();
	test_nested();
	test_bomb();
	return done_testing();
}
