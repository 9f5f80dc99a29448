#!/usr/bin/python3
"""Tests that check_words finds each habit, and accepts plain English."""

import unittest

from tests.words import check_words


def found(path, text):
    find = check_words.page_findings if path.endswith(".md") else check_words.source_findings
    return [str(finding) for finding in find(path, text)]


class CheckWordsTest(unittest.TestCase):

    def assert_found(self, path, text, line, why):
        findings = found(path, text)
        self.assertEqual(len(findings), 1, findings)
        self.assertTrue(findings[0].startswith(f"{path}:{line}: "), findings)
        self.assertIn(why, findings[0])

    def assert_clean(self, path, text):
        self.assertEqual(found(path, text), [])

    def test_fragments_that_open_a_comment_are_found(self):
        for word in ("Of", "As", "By", "What", "Whether", "Those", "How", "Who", "Whose",
                     "Where", "The same of"):
            self.assert_found("a.h", f"int a;\n\n// {word} the first.\n// Returns it.\n", 3,
                              "a fragment")
        self.assert_found("a.proto", "message A {\n  // What it is.\n  int32 a = 1;\n}\n", 2,
                          "a fragment")
        self.assert_found("CMakeLists.txt", "# What is built.\n", 1, "a fragment")
        self.assert_found("tests/run", "#!/usr/bin/env bash\n# What runs.\n", 2, "a fragment")
        self.assert_found("a.js", "// What it draws.\nlet a;\n", 1, "a fragment")

    def test_fragments_of_python_are_found_in_comments_and_docstrings(self):
        self.assert_found("a.py", '"""What it is."""\n', 1, "a fragment")
        self.assert_found("a.py", 'def f():\n    """Whether it is so."""\n', 2, "a fragment")
        self.assert_found("a.py", "a = 1\n# Of the first.\nb = 2\n", 2, "a fragment")
        self.assert_clean("a.py", 'a = "# What it is."\n')

    def test_sentences_are_no_fragments(self):
        for text in ("Returns what the server sent.", "Astonishing.", "By default, it is 1.",
                     "Thread-safe. What it owns is listed below.", "As usual, it fails."):
            self.assert_clean("a.h", f"// {text}\n")

    def test_only_the_first_sentence_of_a_block_is_checked(self):
        self.assert_clean("a.h", "// Returns the owner.\n// What follows is not a fragment.\n")
        self.assert_clean("a.h", "int a;  // what it holds\n")
        # Another indentation begins another block.
        self.assert_found("a.h", "// Returns it.\n  // What it is.\n", 2, "a fragment")

    def test_forbidden_words_are_found_in_comments_and_pages(self):
        for word in ("anew", "shall", "nobody", "whoever", "somebody", "thereby", "is told",
                     "tells whether", "tell who", "for good", "mended", "those who",
                     "complains of", "is none of", "knows no", "is given"):
            self.assert_found("a.h", f"// It is.\n// The client {word} it.\n", 2, word)
            self.assert_found("a.h", f"int a;  // it {word} it\n", 1, word)
            self.assert_found("a.md", f"# Title\n\nThe client {word} it.\n", 3, word)

    def test_a_phrase_may_go_over_the_end_of_a_line(self):
        self.assert_found("a.h", "// The client is\n// told the epoch.\n", 1, "is told")

    def test_words_in_code_and_quotes_are_allowed(self):
        self.assert_clean("a.md", "It is called `MadeAnew`.\n\n```sh\nshall anew\n```\n")
        self.assert_clean("a.h", '// Prints "nobody", or calls `anew`.\n')
        self.assert_clean("a.cc", 'Print("nobody shall");\n')
        self.assert_clean("a.h", "// The marshalling of renewed names.\n")

    def test_forbidden_words_and_fragments_are_found_in_texts_for_users(self):
        for path, text, line in (
                ("service/a.cc", 'int a;\nLog("the client is told");\n', 2),
                ("service/a.cc", 'Log(  // why\n"the client is "\n// why\n"told");\n', 2),
                ("service/a.h", 'Say(R"(\nthe client is told)");\n', 2),
                ("service/a.cc", 'Max(1\'000, "is told it", \'x\');\n', 1),
                ("client/a.cc", 'Say("see http://a.example\\nnobody reads");\n', 1),
                ("client/a.cc", 'Say("\\"", a, "\\" is told, \\"x\\"");\n', 1),
                ("client/a.cc", 'Say("The same of a machine");\n', 1),
                ("service/a.json", '{\n  "description": "Whether it is on"\n}\n', 2),
                ("service/a.js", "say('nobody answers');\n", 1),
                ("service/a.js", "say(`${a}\nnobody answers`);\n", 2),
                ("client/a.go", 'fmt.Println("nobody answers")\n', 1),
                ("client/a.py", 'a = 1\nprint(f"{a} of nobody " "answers")\n', 2),
                ("service/a.json", '{\n  "description": "nobody answers"\n}\n', 2),
                ("service/a.html", "<p>\nnobody answers</p>\n", 2),
                ("deploy/a.yml", "a:\n  summary: \"nobody answers\"\n", 2),
                ("client/a.py", '"""Nobody answers."""\n', 1),
                ("deploy/a.yml", "# nobody answers\n", 1),  # once: it is a comment
                ("deploy/a", "#!/bin/sh\necho 'nobody answers'\n", 2)):
            self.assert_found(path, text, line, "")

    def test_keys_and_literals_that_users_do_not_see_are_allowed(self):
        for text in ('Log("nobody");\n', 'Log("the client is", "told");\n',
                     'Log("the client is " + a + "told");\n',
                     '// It is "what nobody reads".\n'):
            self.assert_clean("service/a.cc", text)
        self.assert_clean("tests/a.cc", 'Log("nobody answers");\n')
        self.assert_clean("client/a.py", '"""Returns `a b`, "nobody answers"."""\n')

    def test_long_sentences_of_pages_are_found(self):
        long = " ".join(["word"] * 31)
        self.assert_found("a.md", f"Short.\n\nA. W{long[1:]}.\n", 3, "31 words")
        self.assert_found("a.md", f"- Short.\n- {long}\n  end.\n", 2, "32 words")
        self.assert_found("a.md", f"| a | {long} |\n", 1, "31 words")
        self.assert_clean("a.md", " ".join(["word"] * 30) + ".\n")
        self.assert_clean("a.md", f"```sh\n{long}\n```\n")
        self.assert_clean("a.h", f"// {long}.\n")

    def test_markup_is_not_counted(self):
        words = " ".join(["word"] * 28)
        self.assert_clean("a.md", f"{words} `a b c d` [one](https://a.example/b c).\n")

    def test_subjects_of_commits_have_an_area_and_a_bound(self):
        def subjects(*lines):
            return [str(finding) for finding in
                    check_words.commit_findings("\n".join(lines), {"ring", "store", "docs"})]
        self.assertEqual(subjects("abc ring: add a point", "abc ring, docs: add a point",
                                  "abc ring/store: add a point"), [])
        self.assertIn("no area", subjects("abc Add a point")[0])
        self.assertIn("no area", subjects("abc rings: add a point")[0])
        self.assertIn("73 characters", subjects("abc ring: " + "a" * 67)[0])
        self.assertEqual(subjects("abc ring: " + "a" * 66), [])

    def test_exceptions_are_used_or_reported(self):
        finding = check_words.Finding("a.md", 3, "why", "the text of it")
        commit = check_words.Finding("commit abc", 1, "why", "a long subject")
        left = check_words.without_allowed(
            [finding, commit], "# why\n\na.md: the text\ncommit: long subject\nb.md: the text\n")
        self.assertEqual([str(one) for one in left],
                         ["tests/words/allowed.txt:5: an exception that is not needed: the text"])
        self.assertEqual(check_words.without_allowed([finding], ""), [finding])


if __name__ == "__main__":
    unittest.main()
