# lint.mk - everything that can be found without running the program.

lint: milter-manager.c
	@sh mk/lint.sh "${SRCS}" "${HDRS}" "${TESTS_C} ${TEST_PROGS}" \
	    "${FUZZ_SRCS}" "${SHIM_SRCS}" "${TESTS_SH}"

.PHONY: lint
