# ruff: noqa: E501  # the documents are as they are written
"""Configurations as people have them: by tool, each with what is special about it.

They follow what the tools write themselves and what their documentation shows; keys and addresses are made up.
"""

BOM = "\ufeff"

JSON: dict[str, str] = {
    "empty file": "",
    "blank lines only": "\n\n",
    "empty object": "{}",
    "no servers": '{\n  "theme": "dark"\n}\n',
    "no final newline": '{\n  "mcpServers": {\n    "github": {\n      "command": "docker",\n      "args": ["run", "-i"]\n    }\n  }\n}',
    "others": '{\n  "mcpServers": {\n    "fetch": {"command": "uvx", "args": ["mcp-server-fetch"]},\n'
    '    "web": {"type": "http", "url": "https://mcp.example.org/mcp", "headers": {"Authorization": "Bearer x"}}\n  }\n}\n',
    "servers empty": '{\n  "mcpServers": {}\n}\n',
    "servers first": '{\n  "mcpServers": {\n    "a": {}\n  },\n  "last": [1, 2, 3]\n}\n',
    "tabs": '{\n\t"mcpServers": {\n\t\t"a": {\n\t\t\t"command": "b"\n\t\t}\n\t}\n}\n',
    "four blanks": '{\n    "mcpServers": {\n        "a": {\n            "command": "b"\n        }\n    }\n}\n',
    "windows": '{\r\n  "mcpServers": {\r\n    "a": {\r\n      "command": "b"\r\n    }\r\n  }\r\n}\r\n',
    "byte order mark": BOM + '{\n  "mcpServers": {"a": {"command": "b"}}\n}\n',
    "one line": '{"mcpServers":{"a":{"command":"b","args":[]}},"x":null}',
    "unicode": '{\n  "name": "été 日本 \\u00e9 \\ud83d\\ude00 😀",\n  "mcpServers": {"ключ": {"command": "ü"}}\n}\n',
    "strange layout": '{ "a" :1\n ,\n "mcpServers"\n:\n{ "b":{ }\n ,"c" :{}} }',
    "names twice": '{"a": 1, "a": 2, "mcpServers": {"x": {}}, "mcpServers": {"y": {}}}',
    "braces in texts": '{\n  "a": "}{\\"//\\\\",\n  "mcpServers": {"b": {"command": "/* no comment */"}}\n}\n',
    "numbers": '{\n  "numStartups": 184, "f": -1.5e-3, "big": 12345678901234567890,\n  "mcpServers": {\n    "a": {}\n  }\n}\n',
}
"""Strict JSON, as every tool reads it."""

JSONC: dict[str, str] = {
    "comments only": "// nothing here yet\n/* really\n   nothing */",
    "comment in an object": "{ // mine\n}\n",
    "comments": '// top\n{\n  // the theme\n  "theme": "dark", // at night\n  "mcpServers": {\n    // from work\n'
    '    "a": {"command": "b"} // last\n    /* and a block */\n  }\n  // end\n}\n// after\n',
    "commas": '{\n  "mcpServers": {\n    "a": {"command": "b",},\n  },\n  "x": [1, 2,],\n}\n',
    "comma and comment": '{\n  "mcpServers": {\n    "a": {},\n    // "old": {},\n  }, // servers\n}\n',
    "commented servers": '{\n  "x": 1,\n  // "mcpServers": {}\n}\n',
    "comment without newline": '{"x": 1 /* one */}',
    "windows comments": '{\r\n  "mcpServers": { // here\r\n    "a": {} // last\r\n  }\r\n}\r\n',
}
"""What only editors and some tools read; never made worse by us."""

OPENCODE: dict[str, str] = {
    "version 1": '{\n  "$schema": "https://opencode.ai/config.json",\n  "mcp": {\n    "jira": {\n      "type": "remote",\n'
    '      "url": "https://jira.example.com/mcp",\n      "enabled": true\n    }\n  }\n}\n',
    "version 2": '{\n  "$schema": "https://opencode.ai/config.json",\n  "mcp": {\n    "servers": {\n      "everything": {\n'
    '        "type": "local",\n        "command": ["npx", "-y", "server"],\n        "cwd": ".",\n      },\n    },\n  },\n}\n',
    "no servers": '{\n  "$schema": "https://opencode.ai/config.json",\n  "model": "a/b"\n}\n',
}

TOML: dict[str, str] = {
    "empty file": "",
    "blank lines only": "\n\n",
    "comment only": "# nothing here yet\n",
    "no servers": 'model = "gpt-5"\napproval_policy = "on-request"\n',
    "no final newline": 'model = "gpt-5"',
    "others": 'model = "gpt-5" # the best\n\n[mcp_servers.docs]\ncommand = "npx"\nargs = ["-y", "docs"]\n\n'
    '[mcp_servers.docs.env]\nKEY = "x"\n\n[profiles.work]\nmodel = "o4"\n\n[projects."/home/me/a b"]\ntrust_level = "trusted"\n',
    "bare table": "[mcp_servers]\n# none yet\n\n[tui]\nnotifications = true\n",
    "dotted keys": 'mcp_servers.docs.command = "npx"\nmodel = "a"\n\n[tui]\nx = 1\n',
    "inline": 'mcp_servers = { docs = { command = "npx" } }\n\n[tui]\nx = 1\n',
    "out of order": '[mcp_servers.a]\ncommand = "a"\n\n[tui]\nx = 1\n\n[mcp_servers.b]\ncommand = "b"\n# the end\n',
    "arrays of tables": '[[hooks]]\nname = "a"\n\n[[hooks]]\nname = "b"\n',
    "windows": 'model = "a"\r\n\r\n[mcp_servers.docs]\r\ncommand = "npx"\r\n',
    "byte order mark": BOM + 'model = "a"\n',
    "headers in texts": 'notes = """\n[mcp_servers.overnight]\ncommand = "no"\n"""\n\n[tui]\nx = 1\n',
    "unicode": 'name = "été 日本 😀"\n\n["ключ"]\nx = 1\n',
}

BROKEN_JSON: dict[str, tuple[bytes, str]] = {
    "cut off": (b'{\n  "mcpServers": {\n', "line 3, column 1"),
    "no comma": (b'{\n  "a": 1\n  "b": 2\n}\n', "line 3, column 3"),
    "no quotes": (b"{\n  a: 1\n}\n", "line 2, column 3"),
    "two values": (b"{}\n{}\n", "line 2, column 1"),
    "conflict": (b'{\n<<<<<<< HEAD\n  "a": 1\n}\n', "line 2, column 1"),
    "open comment": (b"{} /* and", "line 1, column 4"),
    "a list": (b"[]\n", "line 1, column 1"),
    "servers are a list": (b'{"mcpServers": []}\n', "line 1, column 16"),
    "servers are null": (b'{"mcpServers": null}\n', "line 1, column 16"),
    "too deep": (b'{"a":' * 5000 + b"1" + b"}" * 5000, "nested too deeply"),
    "not UTF-8": (b'{"a": "\xff"}', "no UTF-8 text at byte 8"),
    "UTF-16": ('{"a": 1}'.encode("utf-16"), "no UTF-8 text at byte 1"),
    "zero bytes": (b"\0\0\0\0", "line 1, column 1"),
}
"""Each with what the sentence says about the place."""

BROKEN_TOML: dict[str, tuple[bytes, str]] = {
    "cut off": (b'model = "a', "line 1"),
    "no value": (b"a = 1\nmodel =\n", "line 2"),
    "open table": (b"a = 1\n[mcp_servers\n", "line 2"),
    "key twice": (b"a = 1\na = 2\n", "line 2"),
    "servers are a text": (b'mcp_servers = "none"\n', "is no table"),
    "not UTF-8": (b'a = "\xff"\n', "no UTF-8 text at byte 6"),
}
