/* Base64 and quoted-printable, also as nobody should write them. */
#include "base/transfer.h"

#include <string.h>

#include "base/buf.h"
#include "t/tap.h"

static void
decodes(enum transfer_encoding encoding, const char *in, const char *want)
{
	size_t n = strlen(in);

	for (size_t step = 1; step <= n + 1; step += n > 0 ? n : 1) {
		struct buf out = { 0 };
		struct transfer t;

		transfer_begin(&t, encoding);
		for (size_t i = 0; i < n; i += step)
			transfer_feed(
			    &t, in + i, n - i < step ? n - i : step, &out);
		transfer_end(&t, &out);
		is(buf_str(&out), want, "%s in steps of %zu: %s", in, step,
		    buf_str(&out));
		buf_free(&out);
	}
}

int
main(void)
{
	/* RFC 4648, section 10. */
	decodes(TRANSFER_BASE64, "", "");
	decodes(TRANSFER_BASE64, "Zg==", "f");
	decodes(TRANSFER_BASE64, "Zm8=", "fo");
	decodes(TRANSFER_BASE64, "Zm9vYmFy", "foobar");
	/* Without padding, with padding in the middle, with other octets. */
	decodes(TRANSFER_BASE64, "Zm9vYg", "foob");
	decodes(TRANSFER_BASE64, "Zg==Zm8=Zg==", "ffof");
	decodes(TRANSFER_BASE64, "Z*m\r\n9 v-Y\tg=\r\n=", "foob");
	decodes(TRANSFER_BASE64, "====", "");
	decodes(TRANSFER_BASE64, "Z", "");
	decodes(TRANSFER_BASE64, "Z=Zm9v", "foo");
	decodes(TRANSFER_BASE64, "+/+/", "\xfb\xff\xbf");

	decodes(TRANSFER_QUOTED, "", "");
	decodes(TRANSFER_QUOTED, "v=69agr=61", "viagra");
	decodes(TRANSFER_QUOTED, "=c3=A4", "\xc3\xa4");
	decodes(TRANSFER_QUOTED, "via=\r\ngra", "viagra");
	decodes(TRANSFER_QUOTED, "via=\ngra", "viagra");
	decodes(TRANSFER_QUOTED, "via=\rgra", "viagra");
	decodes(TRANSFER_QUOTED, "via= \t \r\ngra", "viagra");
	decodes(TRANSFER_QUOTED, "a\r\nb", "a\r\nb");
	/* What means nothing stands for itself. */
	decodes(TRANSFER_QUOTED, "1=2=G=", "1=2=G=");
	decodes(TRANSFER_QUOTED, "a=b", "a=b");
	decodes(TRANSFER_QUOTED, "a==41", "a=A");
	decodes(TRANSFER_QUOTED, "a=4=41", "a=4A");
	decodes(TRANSFER_QUOTED, "a= b", "a= b");
	decodes(TRANSFER_QUOTED, "x=3D=", "x==");

	decodes(TRANSFER_PLAIN, "a=41\r\n", "a=41\r\n");
	return done_testing();
}
