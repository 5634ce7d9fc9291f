### Lo que Petclinic dice en español.

site-name = Petclinic
skip-to-content = Saltar al contenido
footer-text = Petclinic: un pequeño pod de producción, escrito en Rust.
footer-languages = Idiomas

## Navegación y búsqueda

nav-label = Principal
nav-home = Inicio
nav-owners = Buscar dueños
nav-vets = Veterinarios
search-label = Buscar dueños, mascotas y teléfonos
search-placeholder = Nombre, mascota, teléfono
search-button = Buscar
search-title = Búsqueda
search-results = Resultados de «{ $query }»
search-none = No hay resultados para «{ $query }»
search-none-hint = Se busca por nombre y apellido del dueño, por el nombre de sus mascotas y por 4 o más cifras del teléfono.
search-add = Añadir «{ $query }» como nuevo dueño
search-more = Solo se muestran los primeros { $count }. Escribe más para acotar la búsqueda.

## Bienvenida

home-title = Bienvenida
home-heading = Te damos la bienvenida a Petclinic
home-lead = Cada dueño, cada mascota y cada visita, a unas pocas teclas de distancia.
home-picture = Un perro y un gato sentados juntos bajo un sol cálido
home-owners = Todos los dueños
home-owners-text = Ver a todos los que conocemos
home-new-owner = Nuevo dueño
home-vets = Veterinarios
home-vets-text = Quién está aquí y qué sabe hacer mejor

## Dueños

find-title = Buscar dueños
find-hint = Bastan las primeras letras. Déjalo vacío para verlos a todos.
find-button = Buscar dueño
search-matches = Coincidencias: { $count }
owners-title = Dueños
owners-all =
    { $count ->
        [one] Un dueño
       *[other] { $count } dueños
    }
owners-found =
    { $count ->
        [one] Un dueño cuyo apellido empieza por «{ $name }»
       *[other] { $count } dueños cuyo apellido empieza por «{ $name }»
    }
owners-more = Más de { $count } dueños
owners-found-more = Más de { $count } dueños cuyo apellido empieza por «{ $name }»
owner-name = Nombre
owner-pets = Mascotas
owner-no-pets = ninguna
owner-no-pets-yet = Todavía no hay mascotas.
owner-information = Datos del dueño
owner-pets-and-visits = Mascotas y visitas
owner-add = Añadir dueño
owner-new = Nuevo dueño
owner-edit = Editar dueño
owner-update = Guardar datos
owner-telephone-hint = De 7 a 15 cifras, con + delante del prefijo de país
cancel = Cancelar

## Mascotas y visitas

pet-add = Añadir mascota
pet-new = Nueva mascota
pet-edit = Editar mascota
pet-edit-of = Editar a { $pet }
pet-update = Guardar datos
pet-born = nacimiento: { $date }
pet-no-visits = Todavía no hay visitas.
pet-type-choose = Elige un tipo
pet-type =
    { $type ->
        [bird] pájaro
        [cat] gato
        [dog] perro
        [hamster] hámster
        [lizard] lagarto
        [snake] serpiente
       *[other] { $type }
    }
visit-add = Añadir visita
visit-add-for = Añadir visita para { $pet }
visit-new = Nueva visita
visit-date = Fecha
visit-previous = Visitas anteriores
visits-title = Visitas
visits-all-of = Todas las visitas de { $pet }
visit-status-label = Estado
visit-status =
    { $status ->
        [arrived] en la clínica
        [booked] reservada
        [done] terminada
       *[other] cancelada
    }
visit-set-status =
    { $status ->
        [arrived] Ha llegado
       *[other] Terminar
    }
visit-set-status-of =
    { $status ->
        [arrived] { $pet } ha llegado
       *[other] Terminar la visita de { $pet }
    }
visit-edit = Editar visita
visit-edit-of = Editar la visita de { $pet }
visit-edit-on = Editar la visita del { $date }
visit-update = Guardar visita
visit-cancel = Cancelar esta visita
visit-restore = Reservar de nuevo
day-today = Hoy
day-any-time = sin hora
day-pet = Mascota
day-owner = Dueño
day-no-visits = No hay visitas este día.
day-previous = Día anterior
day-next = Día siguiente
day-others = Otros días
day-show = Ver día

## Veterinarios

vets-title = Veterinarios
vets-all =
    { $count ->
        [one] Un veterinario
       *[other] { $count } veterinarios
    }
vet-specialties = Especialidades
vet-no-specialty = ninguna
vet-any = Sin preferencia
vet-specialty =
    { $name ->
        [dentistry] odontología
        [radiology] radiología
        [surgery] cirugía
       *[other] { $name }
    }

## Páginas de una lista

pager-label = Páginas
pager-first = Primera
pager-previous = Anterior
pager-next = Siguiente
pager-last = Última
pager-place = Página { $page } de { $pages }
pager-number = { $page }
pager-sizes = Por página

## Campos

field-firstName = Nombre
field-lastName = Apellido
field-address = Dirección
field-city = Ciudad
field-telephone = Teléfono
field-name = Nombre
field-birthDate = Fecha de nacimiento
field-type = Tipo
field-date = Fecha
field-description = Descripción
field-time = Hora
field-vetId = Veterinario
field-note = Nota
field-optional = (opcional)

## Problemas con lo introducido

problems-title =
    { $count ->
        [one] Hay que revisar un campo
       *[other] Hay que revisar { $count } campos
    }
problem-required = es obligatorio
problem-too-long =
    { $max ->
        [one] puede tener un carácter como máximo
       *[other] puede tener { $max } caracteres como máximo
    }
problem-characters = contiene caracteres que no se pueden mostrar
problem-telephone = debe tener de 7 a 15 cifras, con un + opcional delante
problem-date = no es una fecha; tiene esta forma: 2024-12-31
problem-time = no es una hora; tiene esta forma: 14:30
problem-future = no puede estar en el futuro
problem-before-birth = es anterior al nacimiento de la mascota
problem-after-visit = es posterior a una visita de la mascota
problem-too-far = está a más de { $max } años de hoy
problem-far-date = está a más de un año de hoy; si es correcta, guarda otra vez
problem-too-many = no se puede añadir: ya hay demasiadas entradas
problem-type = no es un tipo que conozcamos
problem-duplicate = ya existe
problem-not-found = no se ha encontrado

## Una edición sobre una versión anterior

changed-title = Otra persona ha guardado cambios entretanto
changed-text = No se ha perdido nada de lo tuyo: compara abajo y vuelve a guardar.
saved-meanwhile = Guardado entretanto: { $value }

## Después de guardar

flash-owner-created = Nuevo dueño creado
flash-owner-updated = Datos del dueño guardados
flash-pet-added = Nueva mascota añadida
flash-pet-updated = Datos de la mascota guardados
flash-visit-booked = Visita registrada
flash-visit-updated = Visita guardada
flash-visit-changed = No se ha guardado: otra persona ha cambiado esta visita entretanto

## Errores

error-home = Inicio
error-find = Buscar dueños
error-request-id = Petición
api-title = API para programas
api-text = Dueños, mascotas y visitas como JSON, con las mismas comprobaciones que las páginas. La descripción completa:
error-400-title = No hemos podido leerlo
error-400-text = La dirección o el formulario se dañó por el camino. Vuelve atrás e inténtalo de nuevo.
error-401-title = Solo para operadores
error-401-text = Esto requiere el token de administración.
error-403-title = Enviado desde otro sitio
error-403-text = El formulario estaba en una página de otro sitio, así que no se ha cambiado nada. Utiliza el de aquí.
error-404-title = Aquí no hay nada
error-404-text = La página, el dueño o la mascota que buscas no existe.
error-page-too-far-title = Demasiado lejos en la lista
error-page-too-far-text = Solo los primeros 1.000 resultados tienen número de página. Busca con más letras o avanza con «Siguiente» desde la última página numerada.
error-405-title = Método no permitido
error-405-text = Esta página existe, pero no se puede usar de ese modo.
error-408-title = Ha tardado demasiado
error-408-text = Lo que enviaste no llegó a tiempo. Inténtalo de nuevo.
error-409-title = Todavía en uso
error-409-text = Hay datos que dependen de esto, así que no se ha borrado.
error-412-title = Cambiado entretanto
error-412-text = Otra persona ha guardado cambios desde tu lectura. Vuelve a leerlo y envía después tu cambio.
error-413-title = Demasiado de una vez
error-413-text = Lo que has enviado es más grande de lo que aceptamos.
error-414-title = La dirección es demasiado larga
error-414-text = La dirección es más larga de lo que aceptamos.
error-415-title = No es un formulario
error-415-text = Lo que has enviado no es un formulario que podamos leer.
error-422-title = Todavía no se ha guardado
error-422-text = Hay que revisar algunos campos.
error-key-reused-title = Esta clave ya se ha usado
error-key-reused-text = La Idempotency-Key pertenece a otra petición a esta dirección. Use una clave nueva para otros valores.
error-key-in-flight-title = Todavía en curso
error-key-in-flight-text = Una petición con esta Idempotency-Key todavía se está atendiendo. Inténtelo de nuevo en un momento.
error-428-title = ¿Qué versión?
error-428-text = Un cambio necesita If-Match con el ETag de la versión de la que parte.
error-431-title = Demasiadas cabeceras
error-431-text = Las cabeceras de la petición son mayores de lo que aceptamos.
error-500-title = Algo ha salido mal
error-500-text = El fallo es nuestro y ha quedado anotado. Inténtalo de nuevo.
error-503-title = Un momento, por favor
error-503-text = Ahora mismo no podemos responder a eso. Inténtalo de nuevo en unos segundos.
error-504-title = Ha tardado demasiado
error-504-text = No hemos podido responder a tiempo. Inténtalo de nuevo en unos segundos.
