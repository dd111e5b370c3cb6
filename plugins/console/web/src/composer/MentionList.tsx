import type { AgentOut } from '../api.ts'
import { AgentFace } from '../app/Face.tsx'
import { t } from '../i18n/index.ts'
import style from './Composer.module.css'

interface Props {
  people: AgentOut[]
  picked: number
  onPick: (at: number) => void
}

export function MentionList({ people, picked, onPick }: Props) {
  return (
    <ul id="mentions" role="listbox" aria-label={t('write.mentions')} className={style.mentions}>
      {people.map((person, at) => (
        <li
          key={person.id}
          id={`mention-${person.id}`}
          role="option"
          aria-selected={at === picked}
          className={style.mention}
          // The field must keep the focus, or the list closes before the click comes.
          onMouseDown={(event) => event.preventDefault()}
          onClick={() => onPick(at)}
        >
          <AgentFace agent={person} size={24} />
          <span>{person.name}</span>
          <small>{person.available ? t('people.available') : person.absence}</small>
        </li>
      ))}
    </ul>
  )
}
