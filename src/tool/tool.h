/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * tool.h - the tools in the binary.  Each has main()'s arguments and result;
 * argv[0] is the name to use in messages ("milter-test-server").
 */
#ifndef TOOL_TOOL_H
#define TOOL_TOOL_H

#define MM_VERSION	"0.1.0"

int	tool_test_server(int argc, char **argv);
int	tool_test_client(int argc, char **argv);
int	tool_replay(int argc, char **argv);
int	tool_explain(int argc, char **argv);
int	tool_import(int argc, char **argv);
int	tool_detect(int argc, char **argv);
int	tool_control(int argc, char **argv);

#endif /* TOOL_TOOL_H */
