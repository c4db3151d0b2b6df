// What a program printed (```text output) looks like output: told apart from other text by a class.

/** A rule for markdown-it. */
export function outputRule(markdown) {
  const otherwise = markdown.renderer.rules.fence;
  markdown.renderer.rules.fence = (tokens, index, ...rest) => {
    const html = otherwise(tokens, index, ...rest);
    const isOutput = /^text\s+output$/.test(tokens[index].info.trim());
    return isOutput ? html.replace('class="language-', 'class="output language-') : html;
  };
}
