
manager.daemon = true
milter.a.connection_spec = "inet:1"
milter.*.reading_timeout = 3
milter.a.macro.i = "b"
milter.a.macro.j = "c"
