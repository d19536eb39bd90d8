/** Scripts that make a shell ask `portolan __complete`; they hold no names themselves. */
export const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

export function completionScript(shell: Shell): string {
  return { bash: BASH, zsh: ZSH, fish: FISH }[shell];
}

// Bash splits words at = and :, so the line is split again here, and what stands before the last of
// them is cut off from the answers.
const BASH = `# portolan completion bash: source it, or put it into ~/.local/share/bash-completion/completions/portolan
_portolan() {
  local line=\${COMP_LINE:0:COMP_POINT} value files='' prefix
  local -a words=()
  read -ra words <<< "$line"
  [[ $line == *[[:space:]] ]] && words+=('')
  local last=\${words[\${#words[@]}-1]}
  prefix=\${last%"\${last##*[=:]}"}
  COMPREPLY=()
  while IFS=$'\\t' read -r value _; do
    if [[ $value == :files ]]; then files=1; else COMPREPLY+=("\${value#"$prefix"}"); fi
  done < <("\${words[0]}" __complete -- "\${words[@]:1}" 2>/dev/null)
  [[ $files ]] && while IFS= read -r value; do COMPREPLY+=("$value"); done < <(compgen -f -- "\${last#"$prefix"}")
  case "\${COMPREPLY[*]}" in *=|*.) compopt -o nospace 2>/dev/null ;; esac
  return 0
}
complete -o filenames -F _portolan portolan
`;

const ZSH = `#compdef portolan
# portolan completion zsh: put it as _portolan into a folder of $fpath, or source it after compinit
_portolan() {
  local line files=''
  local -a plain open described
  for line in "\${(@f)$("\${words[1]}" __complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}"; do
    [[ -z $line ]] && continue
    if [[ $line == :files ]]; then files=1; continue; fi
    local value=\${line%%$'\\t'*} description=\${line#*$'\\t'}
    if [[ $value == *[=.] ]]; then open+=("$value"); else described+=("\${value//:/\\\\:}:$description"); fi
  done
  (( \${#open} )) && compadd -S '' -a open
  (( \${#described} )) && _describe -t values value described
  [[ $files ]] && _files
  return 0
}
compdef _portolan portolan
`;

const FISH = `# portolan completion fish: put it into ~/.config/fish/completions/portolan.fish, or source it
function __portolan_complete
    set -l tokens (commandline -opc) (commandline -ct)
    command $tokens[1] __complete -- $tokens[2..-1] 2>/dev/null
end
function __portolan_files
    __portolan_complete | string match -q ':files'
end
complete -c portolan -f -a "(__portolan_complete | string match -v ':files')"
complete -c portolan -n __portolan_files -F
`;
