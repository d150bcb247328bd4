" Writes the highlight groups of the buffer as JSON to g:groups_file: for each line its runs of
" [start, end, group] in characters, and what went wrong while the syntax was loaded.

let s:lines = []
for s:number in range(1, line('$'))
  let s:runs = []
  let s:characters = split(getline(s:number), '\zs')
  let s:byte = 1
  for s:index in range(len(s:characters))
    let s:name = synIDattr(synID(s:number, s:byte, 1), 'name')
    if !empty(s:runs) && s:runs[-1][2] ==# s:name
      let s:runs[-1][1] = s:index + 1
    else
      call add(s:runs, [s:index, s:index + 1, s:name])
    endif
    let s:byte += strlen(s:characters[s:index])
  endfor
  call add(s:lines, s:runs)
endfor
call writefile([json_encode({'lines': s:lines, 'errors': v:errmsg})], g:groups_file)
qall!
