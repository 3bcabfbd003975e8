{{ docs }}
from __future__ import annotations
{% for line in imports %}
{{ line }}
{%- endfor %}

import procwire as _pw

_pw.require_generation(1)
{% for item in items %}
{%- match item %}
{%- when Item::Choice with { docs, name, base, values } %}

class {{ name }}({{ base }}):
{% if !docs.is_empty() %}{{ docs }}
{% endif %}{% for value in values %}    {{ value.name }} = {{ value.wire }}
{{ value.docs }}{% endfor %}
{%- when Item::NewType with { docs, name, base, checked } %}

{{ name }} = _t.NewType("{{ name }}", {{ base }})
{{ docs }}{% if let Some(checked) = checked %}_{{ name }} = {{ checked }}
{% endif %}
{%- when Item::Alias with { docs, name, of } %}

{{ name }}: _t.TypeAlias = {{ of }}
{{ docs }}
{%- when Item::OpenUnion with { docs, name, of, variants } %}

if _t.TYPE_CHECKING:
    {{ name }}: _t.TypeAlias = {{ of }} | _pw.Unknown
else:
    {{ name }} = _pw.open_union({{ variants }})
{{ docs }}
{%- when Item::Class with { decorator, docs, name, bases, constants, fields } %}

{% if let Some(decorator) = decorator %}{{ decorator }}
{% endif %}class {{ name }}({{ bases }}):
{{ docs }}{% if !docs.is_empty() && !(constants.is_empty() && fields.is_empty()) %}
{% endif %}{% for constant in constants %}    {{ constant }}
{% endfor %}{% for field in fields %}    {{ field.name }}: {{ field.ty }}{% if let Some(default) = field.default %} = {{ default }}{% endif %}
{{ field.docs }}{% endfor %}{% if docs.is_empty() && constants.is_empty() && fields.is_empty() %}    pass
{% endif %}
{%- endmatch %}
{%- endfor %}
{%- if let Some(module) = module %}

_CONTRACT = _pw.Contract(
    name={{ module.name }},
    version={{ module.version }},
    fingerprint={{ module.fingerprint }},
    methods=(
{%- for method in module.methods %}
        _pw.Method({{ method.row }}),
{%- endfor %}
    ),
    events=(
{%- for event in module.events %}
        _pw.Event({{ event.row }}),
{%- endfor %}
    ),
)
{% if !module.events.is_empty() %}

class {{ module.events_class }}(_pw.Events):
    """What a worker tells its parent, from any thread, at any time."""
{% for event in module.events %}
    def {{ event.sender }}({{ event.parameters }}) -> _pw.Emitted:
{{ event.docs }}        return self._emit({{ event.name }}, {{ event.payload }})
{% endfor %}
{%- endif %}

class {{ module.worker }}(_pw.Worker):
{{ module.worker_docs }}
    CONTRACT: {{ module.class_var }}[_pw.Contract] = _CONTRACT
{% if !module.events.is_empty() %}
    @property
    def events(self) -> {{ module.events_class }}:
        """Sends events to the parent."""
        return self._events_of({{ module.events_class }})
{% endif %}
{%- for method in module.methods %}
    @{{ module.abstractmethod }}
    def {{ method.handler }}({{ method.parameters }}) -> {{ method.answer }}:
{% if method.docs.is_empty() %}        ...
{% else %}{{ method.docs }}{% endif %}
{%- endfor %}
{%- endif %}
