/* replay.c - run a fuzz target over files, where there is no fuzzer. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
main(int argc, char **argv)
{
	static uint8_t data[1 << 20];
	FILE *file;
	size_t n;

	for (int i = 1; i < argc; i++) {
		file = fopen(argv[i], "rb");
		if (file == NULL) {
			perror(argv[i]);
			return 1;
		}
		n = fread(data, 1, sizeof data, file);
		(void)fclose(file);
		(void)LLVMFuzzerTestOneInput(data, n);
	}
	return 0;
}
