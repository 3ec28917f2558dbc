# files.mk - every source file, floor by floor.  Written by mk/files.sh.

SRCS_BASE= \
	src/base/buf.c \
	src/base/log.c \
	src/base/logsock.c \
	src/base/number.c \
	src/base/options.c \
	src/base/spec.c \
	src/base/word.c
SRCS_EVENT= \
	src/event/epoll.c \
	src/event/kqueue.c \
	src/event/loop.c \
	src/event/poll.c \
	src/event/signal.c \
	src/event/timer.c
SRCS_CONFIG= \
	src/config/conf.c \
	src/config/errors.c \
	src/config/field.c \
	src/config/key.c \
	src/config/lex.c \
	src/config/parse.c \
	src/config/show.c \
	src/config/source.c \
	src/config/value.c
SRCS_MILTER= \
	src/milter/option.c \
	src/milter/option_list.c \
	src/milter/option_merge.c \
	src/milter/packet.c \
	src/milter/packet_add.c \
	src/milter/packet_kind.c \
	src/milter/packet_replycode.c
SRCS_NET= \
	src/net/dial.c \
	src/net/helper.c \
	src/net/linger.c \
	src/net/listen.c \
	src/net/resolver.c \
	src/net/sock.c \
	src/net/stream.c \
	src/net/target.c
SRCS_MESSAGE= \
	src/message/body.c \
	src/message/header.c
SRCS_MANAGER= \
	src/manager/child.c \
	src/manager/content.c \
	src/manager/deadline.c \
	src/manager/envelope.c \
	src/manager/finish.c \
	src/manager/macros.c \
	src/manager/manager.c \
	src/manager/negotiate.c \
	src/manager/session.c \
	src/manager/stage.c \
	src/manager/verdict.c
SRCS_TOOL= \
	src/tool/client.c \
	src/tool/client_script.c \
	src/tool/client_session.c \
	src/tool/server.c \
	src/tool/server_macro.c \
	src/tool/server_mail.c \
	src/tool/server_options.c \
	src/tool/server_reply.c \
	src/tool/server_result.c \
	src/tool/server_session.c \
	src/tool/text.c
SRCS_DAEMON= \
	src/daemon/cmdline.c \
	src/daemon/daemon.c \
	src/daemon/detach.c
SRCS_COMPAT= \
	compat/closefrom.c \
	compat/strlcpy.c
SRCS= ${SRCS_COMPAT} \
	${SRCS_BASE} \
	${SRCS_EVENT} \
	${SRCS_CONFIG} \
	${SRCS_MILTER} \
	${SRCS_NET} \
	${SRCS_MESSAGE} \
	${SRCS_MANAGER} \
	${SRCS_TOOL} \
	${SRCS_DAEMON} \
	src/main.c

HDRS= \
	compat/compat.h \
	src/base/buf.h \
	src/base/log.h \
	src/base/logsock.h \
	src/base/number.h \
	src/base/options.h \
	src/base/spec.h \
	src/base/word.h \
	src/config/conf.h \
	src/config/errors.h \
	src/config/field.h \
	src/config/key.h \
	src/config/lex.h \
	src/config/parse.h \
	src/config/source.h \
	src/config/value.h \
	src/daemon/cmdline.h \
	src/daemon/daemon.h \
	src/daemon/detach.h \
	src/event/loop.h \
	src/event/loop_internal.h \
	src/manager/manager.h \
	src/manager/manager_internal.h \
	src/manager/session_internal.h \
	src/manager/stage.h \
	src/manager/verdict.h \
	src/message/body.h \
	src/message/header.h \
	src/milter/option.h \
	src/milter/option_internal.h \
	src/milter/packet.h \
	src/milter/packet_internal.h \
	src/milter/wire.h \
	src/net/listen.h \
	src/net/resolver_internal.h \
	src/net/sock.h \
	src/net/stream.h \
	src/net/stream_internal.h \
	src/net/target.h \
	src/net/target_internal.h \
	src/tool/client.h \
	src/tool/server.h \
	src/tool/server_internal.h \
	src/tool/server_options.h \
	src/tool/text.h \
	src/tool/tool.h

SHIM_SRCS= \
	tests/atf/kqueue_shim/kqueue_shim.c
SHIM_HDRS= \
	tests/atf/kqueue_shim/sys/event.h

TESTS_C= \
	tests/atf/t_body.c \
	tests/atf/t_conf.c \
	tests/atf/t_conf_load.c \
	tests/atf/t_conf_show.c \
	tests/atf/t_event.c \
	tests/atf/t_event_crowd.c \
	tests/atf/t_event_process.c \
	tests/atf/t_event_time.c \
	tests/atf/t_header.c \
	tests/atf/t_header_random.c \
	tests/atf/t_log.c \
	tests/atf/t_memory.c \
	tests/atf/t_net_dial.c \
	tests/atf/t_net_listen.c \
	tests/atf/t_net_many.c \
	tests/atf/t_net_stream.c \
	tests/atf/t_number.c \
	tests/atf/t_option.c \
	tests/atf/t_packet.c \
	tests/atf/t_spec.c \
	tests/atf/t_verdict.c
TESTS_SH= \
	tests/atf/t_chain.sh \
	tests/atf/t_daemon.sh \
	tests/atf/t_failure.sh \
	tests/atf/t_load.sh \
	tests/atf/t_postfix.sh \
	tests/atf/t_session.sh \
	tests/atf/t_session_odd.sh \
	tests/atf/t_session_random.sh \
	tests/atf/t_tool.sh
TEST_PROGS= \
	tests/atf/h_conf.c \
	tests/atf/h_dns.c \
	tests/atf/h_libmilter_edit.c \
	tests/atf/h_mta.c \
	tests/atf/h_port.c \
	tests/atf/h_preload_names.c \
	tests/atf/h_random.c \
	tests/atf/h_smtp.c
TEST_HDRS= \
	tests/atf/d_conf.h \
	tests/atf/d_option.h \
	tests/atf/d_packet.h \
	tests/atf/h_event.h \
	tests/atf/h_header.h \
	tests/atf/h_net.h \
	tests/atf/h_random.h \
	tests/atf/h_random_mta.h \
	tests/atf/h_random_oracle.h
TEST_DATA= \
	tests/atf/d_mail_8bit.eml \
	tests/atf/d_mail_mime.eml \
	tests/atf/d_mail_plain.eml \
	tests/atf/h_differential.sh \
	tests/atf/h_filters.sh \
	tests/atf/h_milters.sh \
	tests/atf/h_pmilter.pl \
	tests/atf/h_postfix.sh \
	tests/atf/h_pymilter.py \
	tests/atf/h_sendmail.sh \
	tests/atf/h_session.sh
FUZZ_SRCS= \
	tests/fuzz/fuzz_command.c \
	tests/fuzz/fuzz_conf.c \
	tests/fuzz/fuzz_main.c \
	tests/fuzz/fuzz_option.c \
	tests/fuzz/fuzz_reply.c
FUZZ_HDRS= \
	tests/fuzz/fuzz.h
