"""The words of every prompt: Markdown files with `string.Template` slots."""
