CREATE TABLE host (name TEXT PRIMARY KEY, os TEXT, arch TEXT, address TEXT);
CREATE TABLE host_tag (host TEXT REFERENCES host, tag TEXT);
INSERT INTO host VALUES ('web1', 'debian-12', 'x86_64', '192.0.2.1'), ('web2', 'openbsd-7.6', 'x86_64', '192.0.2.2');
INSERT INTO host_tag VALUES ('web1', 'web'), ('web2', 'web'), ('web2', 'edge');
